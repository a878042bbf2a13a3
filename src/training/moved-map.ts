import type { Size } from '../numeric/size.ts';

/** A map [3, height, width] moved by whole pixels, to the right and down; its border is repeated where nothing moved in. */
export function movedMap(
  map: Float32Array,
  { width, height }: Size,
  { across, down }: { readonly across: number; readonly down: number },
): Float32Array {
  const moved = new Float32Array(map.length);
  const within = (value: number, end: number): number => Math.min(end - 1, Math.max(0, value));
  for (let line = 0; line < map.length / width; line++) {
    const [channel, y] = [Math.floor(line / height), line % height];
    const from = (channel * height + within(y - down, height)) * width;
    for (let x = 0; x < width; x++) moved[line * width + x] = map[from + within(x - across, width)] as number;
  }
  return moved;
}
