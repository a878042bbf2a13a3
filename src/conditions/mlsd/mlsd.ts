import type { AnnotatorSource, ConditionMap, Extractor } from '../contract/condition.ts';
import { blackCanvas } from '../../pixels/shapes/canvas.ts';
import { drawLine } from '../../pixels/shapes/line.ts';
import { inspectPhoto } from '../contract/inspect-photo.ts';
import { mlsdPhoto } from './checks.ts';
import { asTheyAre, interleavedInput, resizeTo } from '../networks/network-input.ts';
import { remarks } from '../contract/remarks.ts';
import type { MlsdOptions } from './options.ts';
import { decodeSegments, type Segment } from './segments.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** The network's input is a square of this side; the picture is squeezed into it. */
const side = 512;

/** Straight lines, white on black and one pixel wide, at the size of the picture. `data.segments` lists them. */
export const mlsd = {
  async extract(image: RgbImage, options: MlsdOptions, networks: AnnotatorSource): Promise<ConditionMap> {
    const network = await networks.annotator('mlsd_512_large');
    const squeezed = resizeTo(image, { width: side, height: side });
    const { scores, offsets } = await network.run({ image: interleavedInput(squeezed, asTheyAre, 4) });
    const thresholds = { scoreThreshold: options.score_threshold, distanceThreshold: options.distance_threshold };
    const segments = decodeSegments(scores!, offsets!, thresholds, image);
    const blank =
      segments.length > 0
        ? undefined
        : `mlsd: no straight lines found with thresholds ${options.score_threshold} (score) and ${options.distance_threshold} (length); lower them, or send a picture of buildings or rooms.`;
    return {
      map: drawSegments(segments, image),
      ...remarks(inspectPhoto(mlsdPhoto, image), blank),
      data: { segments },
    };
  },
} satisfies Extractor<MlsdOptions>;

/** As cv2.line draws them: ends are cut to whole pixels. */
function drawSegments(segments: readonly Segment[], { width, height }: RgbImage): RgbImage {
  const canvas = blackCanvas(width, height);
  const pixel = ([x, y]: Segment['from']) => ({ x: Math.trunc(x), y: Math.trunc(y) });
  for (const { from, to } of segments) drawLine(canvas, pixel(from), pixel(to), [255, 255, 255]);
  return canvas;
}
