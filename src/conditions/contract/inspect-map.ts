import type { MaskedImage, RgbImage } from './condition.ts';

/**
 * Looks whether a ready-made map is plausible for its condition. A picture that fails is used all the same: the remarks
 * go into the job's warnings.
 *
 * @returns one sentence a remark, with what to do; empty where nothing stands out or the condition is not known here.
 */
export function inspectMap(type: string, map: MaskedImage): readonly string[] {
  const colours = colourStatistics(map);
  if (colours.constant) {
    return [`${type}: the map is one flat colour, so it holds no structure; send a map that shows the condition.`];
  }
  const remark = remarks[type]?.(colours);
  return remark === undefined ? [] : [`${type}: ${remark}`];
}

/** Looks whether a picture that an extractor is about to read shows nothing, or is a finished map already. */
export function inspectPhoto(type: string, image: RgbImage): readonly string[] {
  const colours = colourStatistics(image);
  const remark = colours.constant ? flatPicture(type) : finishedMaps[type]?.(colours);
  return remark === undefined ? [] : [`${type}: ${remark}`];
}

/** Networks find something everywhere; kernels say themselves that they found nothing. */
function flatPicture(type: string): string | undefined {
  if (!(type in finishedMaps) || type === 'canny' || type === 'lineart') return undefined;
  return 'the picture is one flat colour, so there is nothing to extract; send a photograph.';
}

type Remark = (colours: ColourStatistics) => string | undefined;

const asItIs = 'send "preprocess": false to use it as it is';

const finishedEdges: Remark = ({ black, white }) =>
  black + white < twoValued || white > 0.5
    ? undefined
    : `the picture already looks like an edge map (white on black) and edges were extracted from it again, which doubles every line; ${asItIs}.`;

const finishedMaps: Readonly<Record<string, Remark>> = {
  canny: finishedEdges,
  softedge: finishedEdges,
  scribble: finishedEdges,
  mlsd: finishedEdges,
  lineart: finishedEdges,
  depth: ({ coloured }) =>
    coloured > 0.001 ? undefined : `the picture has no colours: if it is a depth map already, ${asItIs}.`,
  normal: ({ unit }) => (unit < 0.9 ? undefined : `the picture already looks like a normal map; ${asItIs}.`),
  seg: (colours) =>
    hasFlatAreas(colours) ? `the picture already looks like a map of areas in flat colours; ${asItIs}.` : undefined,
  mask: ({ black, white }) =>
    black + white < 0.98 ? undefined : `the picture already looks like a black and white mask; ${asItIs}.`,
};

/** Share of black and white pixels from which a picture counts as two-valued; the rest allows for JPEG and smoothing. */
const twoValued = 0.9;

const hardEdges: Remark = ({ black, white }) => {
  if (black + white < twoValued) {
    return 'the map looks like a photograph, not like white edges on black; leave "preprocess" out to have its edges extracted.';
  }
  if (white > 0.5) return 'the map is mostly white; edges are expected in white on black, so invert it.';
  return undefined;
};

const softLines: Remark = ({ black, white, coloured }) => {
  if (coloured > 0.05) {
    return 'the map has colours; lines are expected in white and grey on black; leave "preprocess" out to have them extracted.';
  }
  if (white > 0.5) return 'the map is mostly white; lines are expected in white on black, so invert it.';
  if (black < 0.3) {
    return 'the map looks like a photograph, not like lines on black; leave "preprocess" out to have them extracted.';
  }
  return undefined;
};

const remarks: Readonly<Record<string, Remark>> = {
  canny: hardEdges,
  scribble: hardEdges,
  mlsd: hardEdges,
  softedge: softLines,
  lineart: softLines,
  normal({ unit }) {
    if (unit < 0.5) return 'the map does not look like surface normals: its colours are not directions of length 1.';
    return undefined;
  },
  mask({ black, white }) {
    if (black + white < twoValued) return 'the map looks like a photograph; a mask is expected in white on black.';
    return undefined;
  },
  depth({ coloured }) {
    if (coloured > 0.05) return 'the map has colours; depth is expected in grey, near is white and far is black.';
    return undefined;
  },
  openpose({ black }) {
    if (black < 0.5) return 'the map looks like a photograph; a pose is expected in coloured limbs on black.';
    return undefined;
  },
  inpaint({ masked }) {
    if (masked === 0) return 'no part of the map is transparent, so nothing is to be drawn anew.';
    return masked === 1 ? 'all of the map is transparent, so that it steers nothing.' : undefined;
  },
  seg(colours) {
    if (hasFlatAreas(colours)) return undefined;
    return 'the map looks like a photograph; areas are expected in the flat colours of the ADE20K palette.';
  },
  recolor({ coloured }) {
    return coloured > 0.05 ? 'the map has colours; brightness is expected in grey.' : undefined;
  },
  threshold({ black, white }) {
    return black + white < twoValued
      ? 'the map looks like a photograph; areas of black and white are expected.'
      : undefined;
  },
};

/**
 * Few colours are not enough: a grey photograph has 256 at most, one with a palette too. But from pixel to pixel it changes,
 * where 0.2 to 0.7 of the pixels repeat their neighbour and in maps of areas 0.98 and more.
 */
function hasFlatAreas({ distinct, repeated }: ColourStatistics): boolean {
  return distinct <= maxSegments && repeated > 0.8;
}

/** ADE20K has 150 classes; the margin is for smoothed borders. */
const maxSegments = 512;

interface ColourStatistics {
  /** Share of pixels whose channels are all below 32, or all above 223. */
  readonly black: number;
  readonly white: number;
  /** Share of pixels whose channels differ by more than 24. */
  readonly coloured: number;
  /** Share of pixels whose colour, read as a vector of -1..1, has a length of 0.9 to 1.1. */
  readonly unit: number;
  /** Share of pixels that have the colour of the one before. */
  readonly repeated: number;
  /** Number of colours, counted up to one more than `maxSegments`. */
  readonly distinct: number;
  /** Share of pixels that are to be drawn anew. */
  readonly masked: number;
  readonly constant: boolean;
}

function colourStatistics({ data, width, height, masked }: MaskedImage): ColourStatistics {
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
    else if (colours.size <= maxSegments) colours.add(colour);
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
