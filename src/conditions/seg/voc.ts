import { ade20k, type SegmentClass } from './ade20k.ts';

export interface VocClass {
  readonly name: string;
  /** The class of ADE20K that means the same; null where there is none. */
  readonly match: SegmentClass | null;
}

/** The 21 classes of Pascal VOC 2012, and what each is called in ADE20K. */
export const voc: readonly VocClass[] = [
  vocClass('background', null),
  vocClass('aeroplane', 'airplane'),
  vocClass('bicycle', 'bicycle'),
  vocClass('bird', 'animal'),
  vocClass('boat', 'boat'),
  vocClass('bottle', 'bottle'),
  vocClass('bus', 'bus'),
  vocClass('car', 'car'),
  vocClass('cat', 'animal'),
  vocClass('chair', 'chair'),
  vocClass('cow', 'animal'),
  vocClass('diningtable', 'table'),
  vocClass('dog', 'animal'),
  vocClass('horse', 'animal'),
  vocClass('motorbike', 'minibike'),
  vocClass('person', 'person'),
  vocClass('pottedplant', 'plant'),
  vocClass('sheep', 'animal'),
  vocClass('sofa', 'sofa'),
  vocClass('train', null),
  vocClass('tvmonitor', 'television receiver'),
];

function vocClass(name: string, match: string | null): VocClass {
  return { name, match: ade20k.find((row) => row.name === match) ?? null };
}

/**
 * The colour of a label in VOC's own files, 0..255: bits 0, 3, 6 of the label are the top bits of red, bits 1, 4, 7 of
 * green, bits 2, 5 of blue.
 */
export function vocColour(label: number): readonly [number, number, number] {
  const channel = (first: number): number =>
    [0, 1, 2].reduce((value, place) => value | (((label >> (first + 3 * place)) & 1) << (7 - place)), 0);
  return [channel(0), channel(1), channel(2)];
}
