import type { Size } from '../../../numeric/size.ts';

/** The sizes that a network of a scale sees, one after another, until what it makes is as large as `size`: once at least. */
export function roundsOf(scale: number, picture: Size, size: Size): readonly Size[] {
  const seen: Size[] = [{ width: picture.width, height: picture.height }];
  if (scale <= 1) return seen;
  let { width, height } = picture;
  for (;;) {
    width *= scale;
    height *= scale;
    if (width >= size.width && height >= size.height) return seen;
    seen.push({ width, height });
  }
}
