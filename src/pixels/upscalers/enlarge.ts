import type { Size } from '../../numeric/size.ts';
import { type AlphaImage, premultiplied, unmultiply } from '../alpha-image.ts';
import type { PixelUpscaler } from './upscaler.ts';

/** A picture at another size. The colours of what is transparent have no part in those beside it. A picture of that size stays as it is. */
export function enlarge(image: AlphaImage, size: Size, { resample, mixesColours }: PixelUpscaler): AlphaImage {
  const { channels } = image;
  if (image.width === size.width && image.height === size.height) return image;
  const { width, height } = size;
  if (channels === 3 || !mixesColours) {
    return { width, height, channels, data: resample(image.data, image, size, channels) };
  }
  const data = resample(premultiplied(image.data), image, size, channels);
  unmultiply(data);
  return { width, height, channels, data };
}
