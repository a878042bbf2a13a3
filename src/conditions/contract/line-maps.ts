import { type ColourStatistics, twoValued } from './colour-statistics.ts';

/** Of maps in black and white only. */
export function hardEdges({ black, white }: ColourStatistics): string | undefined {
  if (black + white < twoValued) {
    return 'the map looks like a photograph, not like white edges on black; leave "preprocess" out to have its edges extracted.';
  }
  if (white > 0.5) return 'the map is mostly white; edges are expected in white on black, so invert it.';
  return undefined;
}

/** Of maps with levels of grey. */
export function softLines({ black, white, coloured }: ColourStatistics): string | undefined {
  if (coloured > 0.05) {
    return 'the map has colours; lines are expected in white and grey on black; leave "preprocess" out to have them extracted.';
  }
  if (white > 0.5) return 'the map is mostly white; lines are expected in white on black, so invert it.';
  if (black < 0.3) {
    return 'the map looks like a photograph, not like lines on black; leave "preprocess" out to have them extracted.';
  }
  return undefined;
}
