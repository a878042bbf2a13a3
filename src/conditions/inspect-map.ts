import type { RgbImage } from './condition.ts';

/**
 * Looks whether a ready-made map is plausible for its condition. A picture that fails is used all the same: the remarks
 * go into the job's warnings.
 *
 * @returns one sentence a remark, with what to do; empty where nothing stands out or the condition is not known here.
 */
export function inspectMap(type: string, map: RgbImage): readonly string[] {
  const colours = colourStatistics(map);
  if (colours.constant) {
    return [`${type}: the map is one flat colour, so it holds no structure; send a map that shows the condition.`];
  }
  const remark = remarks[type]?.(colours);
  return remark === undefined ? [] : [`${type}: ${remark}`];
}

/** Looks whether a picture that an extractor is about to read is a finished map already. */
export function inspectPhoto(type: string, image: RgbImage): readonly string[] {
  if (type !== 'canny') return [];
  const colours = colourStatistics(image);
  if (colours.constant || colours.black + colours.white < twoValued || colours.white > 0.5) return [];
  return [
    'canny: the picture already looks like an edge map (white on black) and edges were extracted from it again, which ' +
      'doubles every line; send "preprocess": false to use it as it is.',
  ];
}

/** Share of black and white pixels from which a picture counts as two-valued; the rest allows for JPEG and smoothing. */
const twoValued = 0.9;

const remarks: Readonly<Record<string, (colours: ColourStatistics) => string | undefined>> = {
  canny({ black, white }) {
    if (black + white < twoValued) {
      return 'the map looks like a photograph, not like white edges on black; leave "preprocess" out to have its edges extracted.';
    }
    if (white > 0.5) return 'the map is mostly white; edges are expected in white on black, so invert it.';
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
  seg({ distinct }) {
    if (distinct > maxSegments) {
      return `the map has more than ${maxSegments} colours and looks like a photograph; areas are expected in the flat colours of the ADE20K palette.`;
    }
    return undefined;
  },
};

/** ADE20K has 150 classes; the margin is for smoothed borders. */
const maxSegments = 512;

interface ColourStatistics {
  /** Share of pixels whose channels are all below 32, or all above 223. */
  readonly black: number;
  readonly white: number;
  /** Share of pixels whose channels differ by more than 24. */
  readonly coloured: number;
  /** Number of colours, counted up to one more than `maxSegments`. */
  readonly distinct: number;
  readonly constant: boolean;
}

function colourStatistics({ data, width, height }: RgbImage): ColourStatistics {
  const colours = new Set<number>();
  let black = 0;
  let white = 0;
  let coloured = 0;
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
    const colour = (red << 16) | (green << 8) | blue;
    if (colour !== previous && colours.size <= maxSegments) colours.add(colour);
    previous = colour;
  }
  const pixels = width * height;
  return {
    black: black / pixels,
    white: white / pixels,
    coloured: coloured / pixels,
    distinct: colours.size,
    constant: colours.size === 1,
  };
}
