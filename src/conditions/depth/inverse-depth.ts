import { resampleCubic } from '../../numeric/cubic-resample.ts';
import { cubic } from '../../numeric/resample.ts';
import type { AnnotatorSource } from '../contract/condition.ts';
import { runOnPicture, wrongNetwork } from '../networks/network-ports.ts';
import { preprocess, preprocessorOf } from '../networks/preprocessor.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** Depth Anything V2's; MiDaS and DPT bring their own. */
const defaults = { side: 518, multiple: 14, keepAspect: true, filter: cubic };

/**
 * Relative inverse depth of every pixel, larger is nearer, by a pulled network of the kind of Depth Anything (Yang et al.,
 * 2024), MiDaS or DPT (Ranftl et al., 2021): one picture in, one plane of values out, of whatever size. Their scale differs from
 * picture to picture.
 */
export async function pulledNearness(image: RgbImage, id: string, networks: AnnotatorSource): Promise<Float32Array> {
  const network = await networks.annotator(id);
  const [depth] = await runOnPicture(network, preprocess(image, preprocessorOf(network, id, defaults)), id);
  const [width, height] = [depth?.dims.at(-1) ?? 0, depth?.dims.at(-2) ?? 0];
  if (depth === undefined || depth.dims.length < 3 || width * height !== depth.data.length || depth.data.length === 0) {
    throw wrongNetwork(id, `a depth network with an output [1, height, width] but it is [${depth?.dims.join(', ')}]`);
  }
  const window = { x: 0, y: 0, width: image.width, height: image.height };
  return Float32Array.from(resampleCubic(Float64Array.from(depth.data), { width, height }, image, window));
}
