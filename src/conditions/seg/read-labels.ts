import type { RgbImage } from '../../pixels/rgb-image.ts';
import { noLabel } from './legend.ts';
import type { LabelOptions } from './options.ts';
import { voc, vocColour } from './voc.ts';

/**
 * The labels of a picture whose pixels are class numbers: the grey value is the number, less `first_label`. A VOC file that
 * was saved in VOC's own colours is read by these. What stands for no class becomes `noLabel`.
 */
export function readLabels(
  { data }: RgbImage,
  { label_set: set, first_label: first }: LabelOptions,
  classCount: number,
): Uint8Array {
  const byColour = new Map(set === 'voc' ? voc.map((_, label) => [colourKey(...vocColour(label)), label]) : []);
  const labels = new Uint8Array(data.length / 3);
  for (let i = 0, j = 0; i < labels.length; i++, j += 3) {
    const [red, green, blue] = [data[j]!, data[j + 1]!, data[j + 2]!];
    const number = red === green && green === blue ? red - first : -1;
    labels[i] = number >= 0 && number < classCount ? number : (byColour.get(colourKey(red, green, blue)) ?? noLabel);
  }
  return labels;
}

function colourKey(red: number, green: number, blue: number): number {
  return (red << 16) | (green << 8) | blue;
}
