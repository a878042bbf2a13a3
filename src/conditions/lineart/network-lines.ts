import { resamplePlane, triangle } from '../../numeric/resample.ts';
import type { AnnotatorSource } from '../contract/condition.ts';
import { boundedSize } from '../networks/network-input.ts';
import { readAnnotatorFile } from '../networks/annotator-file.ts';
import { runOnPicture, wrongNetwork } from '../networks/network-ports.ts';
import { multiplesOf, preprocess, readPreprocessor, withinArea } from '../networks/preprocessor.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';
import type { Size } from '../../numeric/size.ts';

/** Sides are multiples of this where nobody says otherwise: the generator of Informative Drawings halves them twice. */
const multiple = 4;
/** Its layers mirror pixels at the border, of which there have to be some. */
const leastSide = 32;

/**
 * Lines as a pulled network draws them, such as the generator of Informative Drawings (Chan et al., 2022): one picture in, one
 * plane of paper and ink out. It sees the picture at its own size, or smaller where its short side is longer than
 * `resolution`.
 *
 * @returns brightness of the lines in each pixel of the picture, 0..1.
 */
export async function pulledLines(
  image: RgbImage,
  id: string,
  networks: AnnotatorSource,
  resolution: number,
): Promise<Float32Array> {
  const network = await networks.annotator(id);
  const { input, output } = readAnnotatorFile(network, id);
  const fields = input ?? network.settings['preprocessor_config.json'] ?? { do_normalize: false };
  const recipe = readPreprocessor(fields, id, { side: resolution, multiple, keepAspect: true, filter: triangle });
  const size = (picture: Size): Size => {
    const { width, height } = boundedSize(picture, resolution);
    const raised = { width: Math.max(width, leastSide), height: Math.max(height, leastSide) };
    return withinArea(multiplesOf(recipe.multiple, raised), recipe.multiple, 4 * resolution * resolution);
  };
  const [drawing] = await runOnPicture(network, preprocess(image, { ...recipe, size }), id);
  const [width, height] = [drawing?.dims.at(-1) ?? 0, drawing?.dims.at(-2) ?? 0];
  if (drawing === undefined || drawing.dims.length < 3 || width * height !== drawing.data.length || width === 0) {
    throw wrongNetwork(
      id,
      `a network that draws lines, with an output [1, 1, height, width], but it is [${drawing?.dims.join(', ')}]`,
    );
  }
  return resamplePlane(brightness(drawing.data, output.range, output.lines), { width, height }, image);
}

function brightness(
  values: Float32Array,
  [low, high]: readonly [number, number] = [0, 1],
  lines: 'dark' | 'bright' = 'dark',
): Float32Array {
  return values.map((value) => {
    const share = Math.min(Math.max((value - low) / (high - low), 0), 1);
    return lines === 'dark' ? 1 - share : share;
  });
}
