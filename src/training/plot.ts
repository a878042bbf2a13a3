import { drawnText, putText, textSizes } from '../images/text.ts';
import type { Colour, RgbImage } from '../pixels/rgb-image.ts';
import { putPixel } from '../pixels/shapes/canvas.ts';
import { drawLine } from '../pixels/shapes/line.ts';

/** Points that are joined, in order. */
export interface Curve {
  readonly points: readonly (readonly [step: number, value: number])[];
  readonly colour: Colour;
  /** Whether the points themselves are marked. */
  readonly dots: boolean;
}

export interface PlotOptions {
  readonly width: number;
  readonly height: number;
  /** Where the axis across ends. */
  readonly steps: number;
  /** Whether equal ratios are equally far apart. */
  readonly logarithmic: boolean;
}

type Place = readonly [x: number, y: number];

const margin = { left: 64, right: 16, top: 8, bottom: 24 };
const frame: Colour = [190, 190, 190];

/** Curves over steps, on white, with the ends of both axes written. Values that have no place on it are left out. */
export async function plot(curves: readonly Curve[], options: PlotOptions): Promise<RgbImage> {
  const { width, height, steps, logarithmic } = options;
  const image = { width, height, data: new Uint8Array(3 * width * height).fill(255) };
  const scale = logarithmic ? Math.log10 : (value: number) => value;
  const values = curves.flatMap(({ points }) => points.map(([, value]) => scale(value))).filter(Number.isFinite);
  if (values.length === 0) return image;
  const [least, most] = rangeOf(values);
  const right = width - margin.right;
  const bottom = height - margin.bottom;
  const x = (step: number): number => margin.left + ((right - margin.left) * step) / Math.max(1, steps);
  const y = (value: number): number => bottom - ((bottom - margin.top) * (scale(value) - least)) / (most - least);
  box(image, margin.left, margin.top, right, bottom);
  for (const { points, colour, dots } of curves) {
    const places = points.map(([step, value]) => [x(step), y(value)] as const).filter(([, at]) => Number.isFinite(at));
    places.forEach((place, index) => line(image, places[index - 1] ?? place, place, colour));
    if (dots) for (const [across, down] of places) dot(image, across, down, colour);
  }
  const shown = (value: number): string => (logarithmic ? 10 ** value : value).toPrecision(3);
  const labels = [
    [shown(most), 4, margin.top],
    [shown(least), 4, bottom - 14],
    ['0', margin.left, bottom + 4],
    [`step ${steps}`, right - 90, bottom + 4],
  ] as const;
  for (const [text, across, down] of labels) putText(image, await drawnText(text, textSizes.large - 3), across, down);
  return image;
}

/** With some room where all are the same. */
function rangeOf(values: readonly number[]): readonly [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return most - least < 1e-9 ? [least - 0.5, most + 0.5] : [least, most];
}

function box(image: RgbImage, left: number, top: number, right: number, bottom: number): void {
  const corners = [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ] as const;
  corners.forEach((corner, index) => line(image, corner, corners[(index + 1) % 4] ?? corner, frame));
}

function line(image: RgbImage, from: Place, to: Place, colour: Colour): void {
  const whole = ([x, y]: Place) => ({ x: Math.round(x), y: Math.round(y) });
  drawLine(image, whole(from), whole(to), colour);
}

function dot(image: RgbImage, x: number, y: number, colour: Colour): void {
  for (let down = -2; down <= 2; down++) {
    for (let across = -2; across <= 2; across++) putPixel(image, Math.round(x) + across, Math.round(y) + down, colour);
  }
}
