import type { Size } from '../numeric/size.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { type Frame, reachesBeyond } from './frame.ts';

/** Where in a frame a control acts. Plain data that is never written to. */
export interface Region extends Size {
  /** A byte a pixel, row by row: 255 where it acts in full and 0 where it does not act. */
  readonly levels: Uint8Array;
}

/** What of a frame its source is, to the nearest pixel; null where it is all of it. */
export function regionOfSource(frame: Frame): Region | null {
  if (!reachesBeyond(frame)) return null;
  const { source, box, working } = frame;
  const within = (at: number, start: number, zoom: number, length: number): boolean => {
    const place = start + (at + 0.5) * zoom;
    return place >= 0 && place < length;
  };
  const levels = new Uint8Array(working.width * working.height);
  for (let y = 0; y < working.height; y++) {
    if (!within(y, box.y, box.height / working.height, source.height)) continue;
    for (let x = 0; x < working.width; x++) {
      if (within(x, box.x, box.width / working.width, source.width)) levels[y * working.width + x] = 255;
    }
  }
  return { ...working, levels };
}

/** Whether a control that acts in this region alone acts at all. */
export function isNowhere(region: Region | null): boolean {
  return region !== null && region.levels.every((level) => level === 0);
}

/** Brought to the size of an injection point when that is first asked for: all samples of a request share a region. */
const known = new WeakMap<Region, Map<string, Float32Array>>();

/** A weight, 0..1, for each cell of a feature map: the mean of the levels over the cell's area. */
export function regionWeights(region: Region, width: number, height: number): Float32Array {
  const sizes = known.get(region) ?? new Map<string, Float32Array>();
  known.set(region, sizes);
  const key = `${width}x${height}`;
  const weights =
    sizes.get(key) ?? Float32Array.from(areaMeans(region.levels, region, { width, height }), (mean) => mean / 255);
  sizes.set(key, weights);
  return weights;
}

/**
 * The residuals of a ControlNet [rows, C, h, w], row r multiplied in all channels by the weights of regions[r]; rows without a
 * region stay as they are. The tensor itself, unwritten, where no row has one.
 */
export function withinRegions(residual: Tensor, regions: readonly (Region | null)[]): Tensor {
  if (regions.every((region) => region === null)) return residual;
  const [, channels = 0, height = 0, width = 0] = residual.dims;
  const plane = height * width;
  const data = residual.data.slice();
  for (const [row, region] of regions.entries()) {
    if (region === null) continue;
    const weights = regionWeights(region, width, height);
    for (let channel = 0; channel < channels; channel++) {
      const at = (row * channels + channel) * plane;
      for (let i = 0; i < plane; i++) data[at + i]! *= weights[i]!;
    }
  }
  return { dims: residual.dims, data };
}

/** Means over the cells of a grid of size `to` that is laid over the plane; a pixel on a border counts for its share. */
export function areaMeans(plane: Uint8Array, from: Size, to: Size): Float64Array {
  const columns = spans(from.width, to.width);
  const rows = spans(from.height, to.height);
  const narrow = new Float64Array(to.width * from.height);
  for (let y = 0; y < from.height; y++) {
    for (const [x, span] of columns.entries()) narrow[y * to.width + x] = mean(span, (i) => plane[y * from.width + i]!);
  }
  const means = new Float64Array(to.width * to.height);
  for (const [y, span] of rows.entries()) {
    for (let x = 0; x < to.width; x++) means[y * to.width + x] = mean(span, (i) => narrow[i * to.width + x]!);
  }
  return means;
}

/** Which positions a cell covers, and how much of each. */
interface Span {
  readonly first: number;
  readonly shares: readonly number[];
}

/** Divides `length` positions into `cells` equal parts. */
function spans(length: number, cells: number): readonly Span[] {
  return Array.from({ length: cells }, (_, cell) => {
    // In whole numbers as long as possible: a border that falls between two positions must not take a crumb of either.
    const [start, end] = [cell * length, (cell + 1) * length];
    const first = Math.floor(start / cells);
    const last = Math.ceil(end / cells);
    const shares = Array.from({ length: last - first }, (_share, i) => {
      const position = (first + i) * cells;
      return Math.min(end, position + cells) - Math.max(start, position);
    });
    return { first, shares };
  });
}

function mean({ first, shares }: Span, value: (position: number) => number): number {
  let [sum, total] = [0, 0];
  for (const [i, share] of shares.entries()) {
    sum += share * value(first + i);
    total += share;
  }
  return sum / total;
}
