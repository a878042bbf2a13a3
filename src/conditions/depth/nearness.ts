import type { AnnotatorSource } from '../contract/condition.ts';
import { planarInput, resizeTo, zeroToOne } from '../networks/network-input.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** FastDepth sees pictures and gives depths of this size; pictures are squeezed into it. */
export const nearnessSize = { width: 224, height: 224 } as const;

/** In metres; what the network takes for nearer is noise. */
const nearest = 0.3;

/**
 * Inverse depth, in 1/metre but only roughly so, by FastDepth (Wofk et al., 2019): larger is nearer. It learned indoor
 * rooms of 0.7 to 10 m.
 *
 * @returns 224 x 224 values for the whole picture.
 */
export async function nearness(image: RgbImage, networks: AnnotatorSource): Promise<Float32Array> {
  const network = await networks.annotator('fastdepth');
  const { depth } = await network.run({ image: planarInput(resizeTo(image, nearnessSize), zeroToOne) });
  return depth!.data.map((metres) => 1 / Math.max(metres, nearest));
}
