import type { RgbImage } from '../pixels/rgb-image.ts';
import type { ChannelFigures } from '../generation/training-look.ts';

/** Mean and standard deviation of red, green and blue over pictures, 0 to 1: what drifts where colours do. Null of none. */
export function channelFigures(pictures: readonly RgbImage[]): ChannelFigures | null {
  const pixels = pictures.reduce((sum, { data }) => sum + data.length / 3, 0);
  if (pixels === 0) return null;
  const [sums, squares] = [new Float64Array(3), new Float64Array(3)];
  for (const { data } of pictures) {
    for (let at = 0; at < data.length; at++) {
      const value = (data[at] as number) / 255;
      sums[at % 3] = (sums[at % 3] as number) + value;
      squares[at % 3] = (squares[at % 3] as number) + value * value;
    }
  }
  const mean = [...sums].map((sum) => sum / pixels);
  const spread = [...squares].map((sum, channel) => Math.sqrt(Math.max(0, sum / pixels - (mean[channel] ?? 0) ** 2)));
  return { mean, spread };
}
