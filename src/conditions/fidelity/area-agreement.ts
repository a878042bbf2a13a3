import type { Colour, MaskedImage } from '../../pixels/rgb-image.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** How well two maps of areas in flat colours agree. */
export interface AreaAgreement {
  /** Mean over the classes that occur in either map of intersection over union, 0..1. */
  readonly meanIou: number;
  /** How many classes that are. */
  readonly classes: number;
  /** Share of pixels of the same class in both maps, among those that the requested map gives a class. */
  readonly accuracy: number;
}

/**
 * Mean intersection over union of two maps of one size (Everingham et al., "The Pascal VOC challenge", 2010). A pixel
 * belongs to the nearest colour of `palette`, or to no class where `none` is nearer; pixels that have no class in the
 * requested map, or are masked in it, are left out, since nothing was asked for there.
 *
 * @returns null where the requested map has no pixel of a class.
 */
export function areaAgreement(
  drawn: RgbImage,
  requested: MaskedImage,
  palette: readonly Colour[],
  none: readonly Colour[] = [],
): AreaAgreement | null {
  const classOf = nearestClass([...palette, ...none], palette.length);
  const intersection = new Float64Array(palette.length);
  const union = new Float64Array(palette.length);
  let pixels = 0;
  for (let i = 0; i < requested.data.length; i += 3) {
    if (requested.masked?.[i / 3] === 1) continue;
    const wanted = classOf(requested.data, i);
    if (wanted === null) continue;
    pixels++;
    const got = classOf(drawn.data, i);
    union[wanted]!++;
    if (got === wanted) intersection[wanted]!++;
    else if (got !== null) union[got]!++;
  }
  if (pixels === 0) return null;
  const occurring = [...union.keys()].filter((index) => union[index]! > 0);
  const sum = occurring.reduce((total, index) => total + intersection[index]! / union[index]!, 0);
  return {
    meanIou: sum / occurring.length,
    classes: occurring.length,
    accuracy: intersection.reduce((total, count) => total + count, 0) / pixels,
  };
}

/** Index of the nearest colour, the first of several; null from `classes` on. Maps have few colours: each is looked up once. */
function nearestClass(colours: readonly Colour[], classes: number): (data: Uint8Array, at: number) => number | null {
  const known = new Map<number, number | null>();
  return (data, at) => {
    const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!];
    const key = (red << 16) | (green << 8) | blue;
    const found = known.get(key);
    if (found !== undefined) return found;
    const distances = colours.map(([r, g, b]) => (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2);
    const nearest = distances.indexOf(Math.min(...distances));
    const index = nearest < classes ? nearest : null;
    known.set(key, index);
    return index;
  };
}
