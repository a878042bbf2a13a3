import type { Size } from '../../numeric/size.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';
import { type SegmentClass, ade20k } from './ade20k.ts';
import { voc } from './voc.ts';

/** A class that was found, and how much of the picture it covers (0..1). */
export interface LegendEntry {
  readonly name: string;
  /** The class of ADE20K in whose colour it is drawn; null where there is none and it is drawn black. */
  readonly ade20k: string | null;
  readonly colour: readonly [number, number, number];
  readonly share: number;
}

/** What a label means. */
export interface LabelClass {
  readonly name: string;
  readonly match: SegmentClass | null;
}

export const adeLabels: readonly LabelClass[] = ade20k.map((match) => ({ name: match.name, match }));
export const vocLabels: readonly LabelClass[] = voc;

/** A label that stands for no class at all. */
export const noLabel = 255;

const black = [0, 0, 0] as const;

/** Every pixel in the colour of its label's class; black where there is none. */
export function paintLabels(labels: Uint8Array, { width, height }: Size, classes: readonly LabelClass[]): RgbImage {
  const data = new Uint8Array(labels.length * 3);
  for (let i = 0, j = 0; i < labels.length; i++, j += 3) {
    const colour = classes[labels[i]!]?.match?.colour;
    if (colour === undefined) continue;
    data[j] = colour[0];
    data[j + 1] = colour[1];
    data[j + 2] = colour[2];
  }
  return { width, height, data };
}

/** The classes that occur, the largest first; pixels without a label are left out. */
export function legendOf(labels: Uint8Array, classes: readonly LabelClass[]): readonly LegendEntry[] {
  const counts = new Int32Array(256);
  for (const label of labels) counts[label]!++;
  return classes
    .map(({ name, match }, label) => ({
      name,
      ade20k: match?.name ?? null,
      colour: match?.colour ?? black,
      share: counts[label]! / labels.length,
    }))
    .filter(({ share }) => share > 0)
    .toSorted((a, b) => b.share - a.share);
}

/** A share of the picture in words. */
export function percent(share: number): string {
  return share < 0.01 ? 'less than 1 %' : `${Math.round(share * 100)} %`;
}
