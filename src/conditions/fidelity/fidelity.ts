import type { ConditionMap, RgbImage } from '../contract/condition.ts';
import { edgeAgreement, hasEdges } from './edge-agreement.ts';
import type { ExtractorOptions } from '../contract/options.ts';
import { poseJson } from '../openpose/pose-json.ts';
import { peopleOf } from '../openpose/read-pose.ts';
import { ade20k } from '../seg/ade20k.ts';
import { bundledNetwork } from '../seg/options.ts';
import { voc } from '../seg/voc.ts';
import { areaAgreement, type Colour } from './area-agreement.ts';
import { depthAgreement } from './depth-agreement.ts';
import { normalAgreement } from './normal-agreement.ts';
import { poseAgreement } from './pose-agreement.ts';
import { pictureAgreement } from './structural-similarity.ts';

export const fidelityMetrics = ['f1', 'rank_correlation', 'within_22_5', 'mean_iou', 'oks', 'ssim'] as const;
export type FidelityMetric = (typeof fidelityMetrics)[number];

/** How well a picture obeys a map, as one figure and what belongs to it. */
export interface Fidelity {
  /** What `value` is; null where the condition has no measure. */
  readonly metric: FidelityMetric | null;
  /** The higher the better, 1 is perfect; null where it could not be measured. */
  readonly value: number | null;
  /** Further figures, such as precision and recall. */
  readonly details: Readonly<Record<string, number>>;
  /** Why there is no value, or what it leaves out; null where there is nothing to say. */
  readonly note: string | null;
}

/** A map as it was requested: the picture, and what is known of it as JSON. */
export type RequestedMap = Pick<ConditionMap, 'map' | 'data'>;

type Measure = (drawn: ConditionMap, requested: RequestedMap, options: ExtractorOptions) => Fidelity;

/** Distance in pixels at which an edge still counts as met. */
const edgeTolerance = 2;

/** Whether pictures can be compared with maps of this condition. */
export function isMeasured(condition: string): boolean {
  return Object.hasOwn(measures, condition);
}

/** Why pictures are not compared with maps of a condition without a measure. */
export function reasonOfNoMeasure(condition: string): string {
  return reasons[condition] ?? `There is no measure for ${condition}.`;
}

const reasons: Readonly<Record<string, string>> = {
  shuffle: 'There is no measure for shuffle: it steers colours and textures, and says nothing of what is where.',
};

/**
 * Compares the map that was extracted from a picture, with `options`, with the one that it was to obey; both have one size.
 * What is masked in the requested map is left out.
 */
export function fidelityOf(
  condition: string,
  drawn: ConditionMap,
  requested: RequestedMap,
  options: ExtractorOptions,
): Fidelity {
  const measure = isMeasured(condition) ? measures[condition] : undefined;
  return measure?.(drawn, requested, options) ?? unmeasured(null, reasonOfNoMeasure(condition));
}

export function unmeasured(metric: FidelityMetric | null, note: string): Fidelity {
  return { metric, value: null, details: {}, note };
}

const edges: Measure = (drawn, requested) => {
  if (!hasEdges(requested.map)) return unmeasured('f1', 'The requested map has no edges.');
  const { f1, precision, recall } = edgeAgreement(drawn.map, requested.map, edgeTolerance);
  return { metric: 'f1', value: f1, details: { precision, recall }, note: null };
};

/** Of edges with levels of grey: what is below a half is lost to F1, and is seen by the structural similarity. */
const softEdges: Measure = (drawn, requested, options) => {
  const { details, ...figures } = edges(drawn, requested, options);
  const ssim = pictureAgreement(drawn.map, requested.map)?.ssim;
  return figures.value === null || ssim === undefined
    ? { details, ...figures }
    : { ...figures, details: { ...details, ssim } };
};

const picture: Measure = (drawn, requested) => {
  const agreement = pictureAgreement(drawn.map, requested.map);
  if (agreement === null) return unmeasured('ssim', 'All of the requested picture is masked.');
  return { metric: 'ssim', value: agreement.ssim, details: { rmse: agreement.rmse }, note: null };
};

const normals: Measure = (drawn, requested) => {
  const agreement = normalAgreement(drawn.map, requested.map);
  if (agreement === null) return unmeasured('within_22_5', 'The requested map has no normal.');
  const { mean, median, within } = agreement;
  const details = { mean_degrees: mean, median_degrees: median, within_11_25: within[0], within_30: within[2] };
  return { metric: 'within_22_5', value: within[1], details, note: null };
};

const depth: Measure = (drawn, requested) => {
  const agreement = depthAgreement(drawn.map, requested.map);
  if (agreement === null) return unmeasured('rank_correlation', 'One of the two depth maps is flat.');
  return {
    metric: 'rank_correlation',
    value: agreement.rankCorrelation,
    details: { rmse: agreement.rmse },
    note: null,
  };
};

const areas =
  (palette: readonly Colour[], none: readonly Colour[], nothing: string): Measure =>
  (drawn, requested) => {
    const agreement = areaAgreement(drawn.map, requested.map, palette, none);
    if (agreement === null) return unmeasured('mean_iou', nothing);
    const { meanIou, classes, accuracy } = agreement;
    return { metric: 'mean_iou', value: meanIou, details: { classes, accuracy }, note: null };
  };

const black: Colour = [0, 0, 0];
const white: Colour = [255, 255, 255];
const everyClass = ade20k.map(({ colour }) => colour);
/** The classes that the segmentation network of the package finds; everything else of ADE20K it leaves black. */
const seen = [...new Map(voc.flatMap(({ match }) => (match === null ? [] : [[match.name, match.colour]]))).values()];
const unseen = everyClass.filter((colour) => !seen.some((one) => one.join() === colour.join()));

const segByBundled = areas(
  seen,
  [black, ...unseen],
  `The requested map holds none of the ${seen.length} classes that the network ${bundledNetwork} finds.`,
);
const segByPulled = areas(everyClass, [black], 'The requested map has no area of a class.');

const seg: Measure = (drawn, requested, options) =>
  (options['network'] === bundledNetwork ? segByBundled : segByPulled)(drawn, requested, options);

const mask: Measure = areas([black, white], [], 'The requested map is empty.');

const openpose: Measure = (drawn, requested) => {
  if (requested.map.masked !== undefined) {
    return unmeasured('oks', 'There is no measure for openpose within a mask: people may stand across its border.');
  }
  const [found, wanted] = [bodiesOf(drawn.data, requested.map), bodiesOf(requested.data, requested.map)];
  if (found === null || wanted === null) {
    return unmeasured(
      'oks',
      'The requested pose is known as a picture only: send a photograph, a pose as data, or the map of an earlier job.',
    );
  }
  const agreement = poseAgreement(found, wanted);
  if (agreement === null) return unmeasured('oks', 'The requested pose has no point of a body.');
  const { oks, ...details } = agreement;
  return { metric: 'oks', value: oks, details, note: null };
};

function bodiesOf(data: unknown, { width, height }: RgbImage) {
  const pose = poseJson.safeParse(data);
  return pose.success ? peopleOf(pose.data, width, height).map(({ body }) => body) : null;
}

const measures: Readonly<Record<string, Measure>> = {
  canny: edges,
  softedge: softEdges,
  scribble: edges,
  lineart: softEdges,
  mlsd: edges,
  depth,
  normal: normals,
  seg,
  mask,
  openpose,
  tile: picture,
  blur: picture,
  inpaint: picture,
  recolor: picture,
  invert: picture,
  threshold: areas([black, white], [], 'The requested map is empty.'),
};
