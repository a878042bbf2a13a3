import type { MaskedImage } from '../../pixels/rgb-image.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** How well two edge maps agree: each figure 0..1. */
export interface EdgeAgreement {
  /** Share of the drawn edge pixels that lie near a requested one. */
  readonly precision: number;
  /** Share of the requested edge pixels that lie near a drawn one. */
  readonly recall: number;
  /** Harmonic mean of both; 0 where either is 0. */
  readonly f1: number;
}

/**
 * Compares two edge maps of one size (white is an edge: red channel above 127). `tolerance` is the distance in pixels,
 * along rows and columns, at which an edge still counts as found. Two maps without edges agree fully. Edges where `requested`
 * is masked need not be found, but those beside them may be found there.
 */
export function edgeAgreement(drawn: RgbImage, requested: MaskedImage, tolerance: number): EdgeAgreement {
  if (drawn.width !== requested.width || drawn.height !== requested.height) {
    throw new RangeError(
      `Expected maps of one size but received ${drawn.width}x${drawn.height} and ${requested.width}x${requested.height}`,
    );
  }
  const { width, height } = drawn;
  const [a, b] = [edges(drawn), edges(requested)];
  const { masked } = requested;
  const precision = covered(known(a, masked), known(dilate(b, width, height, tolerance), masked));
  const recall = covered(known(b, masked), known(dilate(a, width, height, tolerance), masked));
  return { precision, recall, f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

/** Whether a map has an edge in the sense of {@link edgeAgreement}, where it is not masked. */
export function hasEdges(map: MaskedImage): boolean {
  return known(edges(map), map.masked).includes(1);
}

/** Without those pixels that are masked. */
function known(pixels: Uint8Array, masked: Uint8Array | undefined): Uint8Array {
  return masked === undefined ? pixels : pixels.map((pixel, i) => (masked[i] === 1 ? 0 : pixel));
}

function edges({ data }: RgbImage): Uint8Array {
  return Uint8Array.from({ length: data.length / 3 }, (_, i) => ((data[3 * i] ?? 0) > 127 ? 1 : 0));
}

/** Share of `pixels` that lie on `near`; 1 where there are none and `near` is empty too, else 0. */
function covered(pixels: Uint8Array, near: Uint8Array): number {
  let total = 0;
  let hits = 0;
  pixels.forEach((pixel, i) => {
    total += pixel;
    hits += pixel & (near[i] ?? 0);
  });
  if (total > 0) return hits / total;
  return near.includes(1) ? 0 : 1;
}

/** Grows every pixel to a square of 2 * reach + 1: once along the rows, once along the columns. */
function dilate(mask: Uint8Array, width: number, height: number, reach: number): Uint8Array {
  const wide = new Uint8Array(mask.length);
  const grown = new Uint8Array(mask.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (mask[y * width + x] === 0) continue;
      wide.fill(1, y * width + Math.max(0, x - reach), y * width + Math.min(width, x + reach + 1));
    }
  }
  for (let y = 0; y < height; y++) {
    for (let near = Math.max(0, y - reach); near < Math.min(height, y + reach + 1); near++) {
      for (let x = 0; x < width; x++) grown[near * width + x]! |= wide[y * width + x]!;
    }
  }
  return grown;
}
