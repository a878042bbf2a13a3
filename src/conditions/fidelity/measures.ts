import type { Measure } from '../contract/condition.ts';
import { edgeAgreement, hasEdges } from './edge-agreement.ts';
import { areaAgreement } from './area-agreement.ts';
import { unmeasured } from '../contract/fidelity.ts';
import { pictureAgreement } from './structural-similarity.ts';
import type { Colour } from '../../pixels/rgb-image.ts';

/** Distance in pixels at which an edge still counts as met. */
const edgeTolerance = 2;

/** Of white edges on black. */
export const edges: Measure = (drawn, requested) => {
  if (!hasEdges(requested.map)) return unmeasured('f1', 'The requested map has no edges.');
  const { f1, precision, recall } = edgeAgreement(drawn.map, requested.map, edgeTolerance);
  return { metric: 'f1', value: f1, details: { precision, recall }, note: null };
};

/** Of edges with levels of grey: what is below a half is lost to F1, and is seen by the structural similarity. */
export const softEdges: Measure = (drawn, requested, options) => {
  const { details, ...figures } = edges(drawn, requested, options);
  const ssim = pictureAgreement(drawn.map, requested.map)?.ssim;
  return figures.value === null || ssim === undefined
    ? { details, ...figures }
    : { ...figures, details: { ...details, ssim } };
};

/** Of maps that are pictures themselves. */
export const likeness: Measure = (drawn, requested) => {
  const agreement = pictureAgreement(drawn.map, requested.map);
  if (agreement === null) return unmeasured('ssim', 'All of the requested picture is masked.');
  return { metric: 'ssim', value: agreement.ssim, details: { rmse: agreement.rmse }, note: null };
};

/** Of areas in the colours of `palette`; `nothing` is said of a requested map that has colours of `none` only. */
export const areas =
  (palette: readonly Colour[], none: readonly Colour[], nothing: string): Measure =>
  (drawn, requested) => {
    const agreement = areaAgreement(drawn.map, requested.map, palette, none);
    if (agreement === null) return unmeasured('mean_iou', nothing);
    const { meanIou, classes, accuracy } = agreement;
    return { metric: 'mean_iou', value: meanIou, details: { classes, accuracy }, note: null };
  };

export const black: Colour = [0, 0, 0];
const white: Colour = [255, 255, 255];

export const blackAndWhite: Measure = areas([black, white], [], 'The requested map is empty.');
