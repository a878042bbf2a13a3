import type { RgbImage } from '../pixels/rgb-image.ts';
import { drawnText, putText, textSizes } from '../images/text.ts';
import { type Curve, plot } from './plot.ts';
import type { ValidationFigures } from '../generation/validation-figures.ts';
import { timestepRanges } from './timestep-ranges.ts';

/** A step as the file of losses has it. */
export interface LossPoint {
  readonly step: number;
  readonly loss: number;
  /** By range of timesteps; null where no row of the step lay in it. */
  readonly ranges: readonly (number | null)[];
}

const panel = { width: 720, height: 260 };
const heading = 24;

/** From the least noise to the most. */
const colours = [
  [68, 119, 170],
  [102, 204, 238],
  [34, 136, 51],
  [238, 102, 119],
] as const;
const black = [0, 0, 0] as const;
const grey = [150, 150, 150] as const;

/** Losses and, below them, g over the steps of a training. */
export async function drawCurves(
  losses: readonly LossPoint[],
  figures: readonly ValidationFigures[],
  steps: number,
): Promise<RgbImage> {
  const window = Math.max(1, Math.round(losses.length / 100));
  const learnt = Array.from({ length: timestepRanges }, (_, range): Curve => {
    const points = losses.flatMap(({ step, ranges }): Curve['points'] => {
      const value = ranges[range] ?? null;
      return value === null ? [] : [[step, value]];
    });
    return { points: smoothed(points, window), colour: colours[range] ?? black, dots: false };
  });
  const heldOut = Array.from({ length: timestepRanges }, (_, range): Curve => {
    const points = figures.flatMap(({ step, ranges }): Curve['points'] => {
      const value = ranges[range];
      return value === undefined ? [] : [[step, value]];
    });
    return { points, colour: colours[range] ?? black, dots: true };
  });
  const obeyed = figures.flatMap(({ step, g }): Curve['points'] => (g === null ? [] : [[step, g]]));
  const bounds = [0, 1].map((end): Curve => {
    const points = figures.flatMap(({ step, interval }): Curve['points'] => {
      const value = interval?.[end];
      return value === undefined ? [] : [[step, value]];
    });
    return { points, colour: grey, dots: false };
  });
  const title = 'loss by timestep, least noise (blue) to most (red); dots: held out';
  const upper = await titled(title, await plot([...learnt, ...heldOut], { ...panel, steps, logarithmic: true }));
  if (obeyed.length === 0) return upper;
  const measure = figures.at(-1)?.measure === 'fidelity' ? 'fidelity to held-out maps' : 'held-out loss';
  const lower = await titled(
    `g of ${measure}, own map against another's`,
    await plot([...bounds, { points: obeyed, colour: black, dots: true }], { ...panel, steps, logarithmic: false }),
  );
  const data = new Uint8Array(upper.data.length + lower.data.length);
  data.set(upper.data);
  data.set(lower.data, upper.data.length);
  return { width: upper.width, height: upper.height + lower.height, data };
}

async function titled(title: string, { width, height, data: below }: RgbImage): Promise<RgbImage> {
  const data = new Uint8Array(width * (height + heading) * 3).fill(255);
  data.set(below, width * heading * 3);
  const image = { width, height: height + heading, data };
  putText(image, await drawnText(title, textSizes.large), 8, 4);
  return image;
}

/** Means of so many neighbours each. */
function smoothed(points: Curve['points'], window: number): Curve['points'] {
  const means: (readonly [number, number])[] = [];
  for (let start = 0; start < points.length; start += window) {
    const part = points.slice(start, start + window);
    const mean = (axis: 0 | 1): number => part.reduce((sum, point) => sum + point[axis], 0) / part.length;
    means.push([mean(0), mean(1)]);
  }
  return means;
}
