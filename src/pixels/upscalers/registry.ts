import { sampleNearest } from '../../numeric/nearest-sample.ts';
import { cubic, lanczos, type ResampleFilter, resampleBytes } from '../../numeric/resample.ts';
import type { PixelUpscaler } from './upscaler.ts';

const by =
  (filter: ResampleFilter): PixelUpscaler['resample'] =>
  (data, from, to, channels) =>
    resampleBytes(data, from, to, channels, filter);

/** Every kernel that pictures are brought to a larger size by, as Pillow has them. A new one is a row here. */
export const pixelUpscalers: readonly PixelUpscaler[] = Object.freeze([
  {
    id: 'nearest',
    title: 'Nearest neighbour',
    description: 'Each pixel is a copy: for pixel art and maps of flat colours',
    mixesColours: false,
    resample: sampleNearest,
  },
  {
    id: 'bicubic',
    title: 'Bicubic',
    description: 'Cubic convolution over 4 x 4 pixels: smooth, with a little ringing',
    mixesColours: true,
    resample: by(cubic),
  },
  {
    id: 'lanczos',
    title: 'Lanczos',
    description: 'A windowed sinc over 6 x 6 pixels: the sharpest of the three',
    mixesColours: true,
    resample: by(lanczos),
  },
]);

export const pixelUpscalerIds: readonly string[] = pixelUpscalers.map(({ id }) => id);

/** What takes pictures to a size where nothing else is asked for. */
export const defaultUpscaler = 'lanczos';

/** The kernel of an id; undefined where there is none of that name. */
export function pixelUpscaler(id: string): PixelUpscaler | undefined {
  return pixelUpscalers.find((row) => row.id === id);
}
