import type { Size } from '../../numeric/size.ts';

/**
 * Surface normals from a relief, by the method of ControlNet 1.0: x and y are the Sobel 3x3 derivatives of the relief
 * (mirrored at the border without repeating it), z is `front` everywhere; x and y are 0 in the background; then each is
 * brought to length 1.
 *
 * @param relief nearness in any unit, larger is nearer.
 * @param front z before the normalization, 2 pi in ControlNet.
 * @param backgroundThreshold 0..1, of the relief scaled to 0..1.
 * @returns x, y and z per pixel. x > 0 faces left, y > 0 faces up, z > 0 faces the camera.
 */
export function surfaceNormals(
  relief: Float32Array,
  { width, height }: Size,
  front: number,
  backgroundThreshold: number,
): Float32Array {
  const background = levelOf(relief, backgroundThreshold);
  const normals = new Float32Array(relief.length * 3);
  for (let y = 0, i = 0; y < height; y++) {
    const [above, row, below] = [y - 1, y, y + 1].map((at) => mirrored(at, height) * width) as [number, number, number];
    for (let x = 0; x < width; x++, i++) {
      const left = mirrored(x - 1, width);
      const right = mirrored(x + 1, width);
      let [dx, dy] = [0, 0];
      if (relief[i]! >= background) {
        const rise = (at: number): number => relief[at + right]! - relief[at + left]!;
        const fall = (at: number): number => relief[below + at]! - relief[above + at]!;
        dx = rise(above) + 2 * rise(row) + rise(below);
        dy = fall(left) + 2 * fall(x) + fall(right);
      }
      const length = Math.sqrt(dx * dx + dy * dy + front * front);
      normals[3 * i] = dx / length;
      normals[3 * i + 1] = dy / length;
      normals[3 * i + 2] = front / length;
    }
  }
  return normals;
}

/** The relief's value at a share of the way from its least to its greatest. */
function levelOf(relief: Float32Array, share: number): number {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of relief) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return least + share * (greatest - least);
}

/** One position beyond the border, thrown back: 1 | 0 1 2. */
function mirrored(position: number, length: number): number {
  if (length === 1) return 0;
  return position < 0 ? 1 : position === length ? length - 2 : position;
}

/**
 * Normals as colours, -1..1 as 0..255, cut to whole numbers. `normalbae`: x, y, z as red, green, blue; `midas`: z, y, x.
 */
export function normalColours(normals: Float32Array, colours: 'normalbae' | 'midas'): Uint8Array {
  const data = new Uint8Array(normals.length);
  const [red, blue] = colours === 'normalbae' ? [0, 2] : [2, 0];
  const byte = (value: number): number => Math.min(255, Math.trunc(value * 127.5 + 127.5));
  for (let i = 0; i < normals.length; i += 3) {
    data[i + red] = byte(normals[i]!);
    data[i + 1] = byte(normals[i + 1]!);
    data[i + blue] = byte(normals[i + 2]!);
  }
  return data;
}
