import type { RgbImage } from './rgb-image.ts';

/**
 * The threshold between two groups of 8-bit values that makes the variance between them largest (Otsu, "A threshold
 * selection method from gray-level histograms", 1979). Values above it belong to the upper group.
 */
export function otsuThreshold(values: Uint8Array): number {
  const histogram = new Float64Array(256);
  for (const value of values) histogram[value]!++;
  const total = values.length;
  const sum = histogram.reduce((weighted, count, value) => weighted + count * value, 0);
  let threshold = 0;
  let largest = -1;
  let below = 0;
  let sumBelow = 0;
  for (let value = 0; value < 255; value++) {
    below += histogram[value]!;
    sumBelow += histogram[value]! * value;
    if (below === 0 || below === total) continue;
    const distance = sumBelow / below - (sum - sumBelow) / (total - below);
    const variance = below * (total - below) * distance * distance;
    if (variance > largest) {
      largest = variance;
      threshold = value;
    }
  }
  return threshold;
}

/** A black and white picture as one value a pixel: 1 where white. */
export function whiteMask({ data }: RgbImage, threshold: number): Uint8Array {
  const mask = new Uint8Array(data.length / 3);
  for (let i = 0, j = 0; i < mask.length; i++, j += 3) mask[i] = data[j]! > threshold ? 1 : 0;
  return mask;
}

/** 0 to black and 1 to white, in three channels. */
export function paintMask(mask: Uint8Array, width: number, height: number): RgbImage {
  const data = new Uint8Array(mask.length * 3);
  for (let i = 0; i < mask.length; i++) if (mask[i] === 1) data.fill(255, i * 3, i * 3 + 3);
  return { width, height, data };
}

/**
 * Whether white is drawn as lines of one pixel: more than half of it is gone when only 3x3 squares that are wholly white
 * are kept (a morphological opening, as the ControlNet extension decides it).
 */
export function isThinLineArt(mask: Uint8Array, width: number, height: number): boolean {
  const kept = new Uint8Array(mask.length);
  let white = 0;
  for (const value of mask) white += value;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      if (mask[at] === 0 || neighbourSum(mask, at, width) < 8) continue;
      for (const row of [at - width, at, at + width]) kept.fill(1, row - 1, row + 2);
    }
  }
  let left = 0;
  for (const value of kept) left += value;
  return (white - left) * 2 > white;
}

/**
 * Thins white areas to lines of one pixel that keep their connections (Zhang and Suen, "A fast parallel algorithm for
 * thinning digital patterns", 1984). Pixels outside the picture count as black.
 */
export function thin(mask: Uint8Array, width: number, height: number): Uint8Array {
  const stride = width + 2;
  const padded = new Uint8Array(stride * (height + 2));
  for (let y = 0; y < height; y++) padded.set(mask.subarray(y * width, (y + 1) * width), (y + 1) * stride + 1);
  let white: number[] = [];
  for (let i = 0; i < padded.length; i++) if (padded[i] === 1) white.push(i);
  for (let changed = true; changed;) {
    changed = false;
    for (const half of [0, 1] as const) {
      const gone = new Set(white.filter((at) => isRemovable(padded, at, stride, half)));
      if (gone.size === 0) continue;
      for (const at of gone) padded[at] = 0;
      white = white.filter((at) => !gone.has(at));
      changed = true;
    }
  }
  const thinned = new Uint8Array(mask.length);
  for (let y = 0; y < height; y++) {
    const from = (y + 1) * stride + 1;
    thinned.set(padded.subarray(from, from + width), y * width);
  }
  return thinned;
}

function isRemovable(mask: Uint8Array, at: number, stride: number, half: 0 | 1): boolean {
  const count = neighbourSum(mask, at, stride);
  if (count < 2 || count > 6) return false;
  const [north, east, south, west] = [mask[at - stride]!, mask[at + 1]!, mask[at + stride]!, mask[at - 1]!];
  const open =
    half === 0 ? (north & east & south) | (east & south & west) : (north & east & west) | (north & south & west);
  if (open !== 0) return false;
  const [northEast, southEast] = [mask[at - stride + 1]!, mask[at + stride + 1]!];
  const [southWest, northWest] = [mask[at + stride - 1]!, mask[at - stride - 1]!];
  // Steps from black to white on the way round the pixel.
  const rises =
    (northEast & ~north) +
    (east & ~northEast) +
    (southEast & ~east) +
    (south & ~southEast) +
    (southWest & ~south) +
    (west & ~southWest) +
    (northWest & ~west) +
    (north & ~northWest);
  return rises === 1;
}

function neighbourSum(mask: Uint8Array, at: number, stride: number): number {
  return (
    mask[at - stride - 1]! +
    mask[at - stride]! +
    mask[at - stride + 1]! +
    mask[at - 1]! +
    mask[at + 1]! +
    mask[at + stride - 1]! +
    mask[at + stride]! +
    mask[at + stride + 1]!
  );
}
