import type { MaskedImage } from '../../pixels/rgb-image.ts';

/** What a picture's colours tell of what it shows. */
export interface ColourStatistics {
  /** Share of pixels whose channels are all below 32, or all above 223. */
  readonly black: number;
  readonly white: number;
  /** Share of pixels whose channels differ by more than 24. */
  readonly coloured: number;
  /** Share of pixels whose colour, read as a vector of -1..1, has a length of 0.9 to 1.1. */
  readonly unit: number;
  /** Share of pixels that have the colour of the one before. */
  readonly repeated: number;
  /** Number of colours, counted up to one more than `mostCounted`. */
  readonly distinct: number;
  /** Share of pixels that are to be drawn anew. */
  readonly masked: number;
  readonly constant: boolean;
}

/** Colours that are counted: all classes of ADE20K, 150, and a margin for smoothed borders. */
export const mostCounted = 512;

/** Share of black and white pixels from which a picture counts as two-valued; the rest allows for JPEG and smoothing. */
export const twoValued = 0.9;

export function colourStatistics({ data, width, height, masked }: MaskedImage): ColourStatistics {
  const colours = new Set<number>();
  let black = 0;
  let white = 0;
  let coloured = 0;
  let unit = 0;
  let repeated = 0;
  let previous = -1;
  for (let i = 0; i < data.length; i += 3) {
    const red = data[i]!;
    const green = data[i + 1]!;
    const blue = data[i + 2]!;
    const least = Math.min(red, green, blue);
    const most = Math.max(red, green, blue);
    if (most < 32) black++;
    else if (least > 223) white++;
    if (most - least > 24) coloured++;
    const length = ((red - 127.5) ** 2 + (green - 127.5) ** 2 + (blue - 127.5) ** 2) / 127.5 ** 2;
    if (length >= 0.9 ** 2 && length <= 1.1 ** 2) unit++;
    const colour = (red << 16) | (green << 8) | blue;
    if (colour === previous) repeated++;
    else if (colours.size <= mostCounted) colours.add(colour);
    previous = colour;
  }
  const pixels = width * height;
  return {
    black: black / pixels,
    white: white / pixels,
    coloured: coloured / pixels,
    unit: unit / pixels,
    repeated: repeated / pixels,
    distinct: colours.size,
    masked: (masked?.reduce((sum, value) => sum + value, 0) ?? 0) / pixels,
    constant: masked === undefined && colours.size === 1,
  };
}
