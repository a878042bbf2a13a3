import type { AnnotatorSource, ConditionMap, Extractor } from '../contract/condition.ts';
import { greyMap, toBytes } from '../../pixels/grey-map.ts';
import { inspectPhoto } from '../contract/inspect-photo.ts';
import { softedgePhoto } from './checks.ts';
import { remarks } from '../contract/remarks.ts';
import { hedEdges } from './hed.ts';
import type { SoftedgeOptions } from './options.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** Soft outlines, the brighter the surer, at the size of the picture. */
export const softedge = {
  async extract(
    image: RgbImage,
    { safe, resolution }: SoftedgeOptions,
    networks: AnnotatorSource,
  ): Promise<ConditionMap> {
    const edges = await hedEdges(image, resolution, networks);
    const values = toBytes(safe ? edges.map(safeStep) : edges);
    const blank = values.every((value) => value < faint)
      ? 'softedge: no clear edges found; send a picture with more contrast.'
      : undefined;
    return { map: greyMap(values, image), ...remarks(inspectPhoto(softedgePhoto, image), blank) };
  },
} satisfies Extractor<SoftedgeOptions>;

/** A half of white: what the network takes for an edge rather than not. It answers up to 0.46 to a flat colour. */
const faint = 128;

/** The three levels of ControlNet 1.1's "safe" maps: 0, a half (127 of 255) and 1. */
function safeStep(edge: number): number {
  const level = Math.trunc(edge * 3) / 2;
  return Math.min(1, level === 0.5 ? 127 / 255 : level);
}
