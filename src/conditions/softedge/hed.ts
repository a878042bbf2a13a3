import { resamplePlane } from '../../numeric/resample.ts';
import type { AnnotatorSource } from '../contract/condition.ts';
import { asTheyAre, boundedSize, planarInput, resizeTo } from '../networks/network-input.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/**
 * Edge probability of every pixel, 0..1, at the size of the picture (Xie and Tu, "Holistically-nested edge detection",
 * 2015).
 *
 * @param resolution largest short side at which the network sees the picture.
 */
export async function hedEdges(image: RgbImage, resolution: number, networks: AnnotatorSource): Promise<Float32Array> {
  const size = boundedSize(image, resolution);
  const network = await networks.annotator('hed');
  const { edge } = await network.run({ image: planarInput(resizeTo(image, size), asTheyAre) });
  return resamplePlane(edge!.data, size, image);
}
