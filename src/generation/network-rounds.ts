import { ArmatureError } from '../errors.ts';
import type { Size } from '../numeric/size.ts';
import type { UpscalerModel } from './models/upscaler.ts';
import { limits } from './request/limits.ts';

/** Steps of drawing a pixel that cost as much as a pixel that a network sees: RRDBNet's products against those of Stable Diffusion 1.5. */
const stepsAPixel = 6;

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

/** In pixel steps: what a network of a scale sees on the way from a picture to a size. */
export function costOfRounds(scale: number, picture: Size, size: Size): number {
  return roundsOf(scale, picture, size).reduce((sum, { width, height }) => sum + stepsAPixel * width * height, 0);
}

/** `invalid_request` at `field` where a network makes more pixels on the way to a size than an output may have. */
export function refuseHugeRounds({ id, scale }: UpscalerModel, picture: Size, size: Size, field: string): void {
  const last = roundsOf(scale, picture, size).at(-1) as Size;
  const [wide, high] = [last.width * scale, last.height * scale];
  if (wide * high <= limits.upscaledPixels) return;
  const detail =
    `Expected a size that the upscaler ${id}, which makes pictures ${scale} times as wide and high, reaches by pictures of at most ` +
    `${limits.upscaledPixels} pixels, but on the way to ${size.width} x ${size.height} it makes ${wide} x ${high}. ` +
    'Begin with a smaller picture, or name another upscaler.';
  throw new ArmatureError('invalid_request', detail, { field });
}
