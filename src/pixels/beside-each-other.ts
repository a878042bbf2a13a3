import type { RgbImage } from './rgb-image.ts';

/** Square pictures of one size as one, from left to right. */
export function besideEachOther(pictures: readonly RgbImage[]): RgbImage {
  const size = pictures[0]?.width ?? 0;
  const width = size * pictures.length;
  const data = new Uint8Array(3 * width * size);
  for (const [index, picture] of pictures.entries()) {
    for (let y = 0; y < size; y++) {
      data.set(picture.data.subarray(3 * y * size, 3 * (y + 1) * size), 3 * (y * width + index * size));
    }
  }
  return { width, height: size, data };
}

/** The pictures of {@link besideEachOther}, `size` pixels across and down each. */
export function tilesOf({ data, width }: RgbImage, size: number): readonly RgbImage[] {
  return Array.from({ length: width / size }, (_, index) => {
    const own = new Uint8Array(3 * size * size);
    for (let y = 0; y < size; y++) {
      const from = 3 * (y * width + index * size);
      own.set(data.subarray(from, from + 3 * size), 3 * y * size);
    }
    return { width: size, height: size, data: own };
  });
}
