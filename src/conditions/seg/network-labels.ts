import { z } from 'zod';
import { triangle } from '../../numeric/resample.ts';
import type { Tensor } from '../../numeric/tensor.ts';
import type { AnnotatorSource } from '../contract/condition.ts';
import { ade20k, type SegmentClass } from './ade20k.ts';
import { type LabelClass, noLabel } from './legend.ts';
import { runOnPicture, wrongNetwork } from '../networks/network-ports.ts';
import { queryScores, universalInputs } from './query-masks.ts';
import { preprocess, preprocessorOf } from '../networks/preprocessor.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';
import type { Size } from '../../numeric/size.ts';

export interface Segmentation {
  /** One a pixel, at the size of the picture: indices into `classes`. */
  readonly labels: Uint8Array;
  readonly classes: readonly LabelClass[];
}

/** SegFormer's. */
const defaults = { side: 512, multiple: 1, keepAspect: false, filter: triangle };

/**
 * The class of every pixel by a pulled network: one picture in, and what universal ones ask for besides. Out come scores [1,
 * classes, height, width], as of SegFormer (Xie et al., 2021), which are interpolated to the picture before the best is
 * taken; or classes and masks of queries, as of OneFormer, which give such scores; or the classes themselves [1, height,
 * width]. Its config.json names the classes (`id2label`).
 */
export async function pulledLabels(image: RgbImage, id: string, networks: AnnotatorSource): Promise<Segmentation> {
  const network = await networks.annotator(id);
  const classes = readClasses(network.settings['config.json'], id);
  const picture = preprocess(image, preprocessorOf(network, id, defaults));
  const outputs = await runOnPicture(network, picture, id, universalInputs(picture));
  const output = queryScores(outputs, classes.length) ?? outputs[0];
  return { labels: labelsOf(output, image, classes.length, id), classes };
}

const config = z.object({ id2label: z.record(z.string(), z.string()) });

/** Labels are bytes, and one of them is spoken for. */
const mostClasses = noLabel;

/**
 * Classes as a config.json names them, and what ADE20K calls each: by any of its names ("floor, flooring"), or by its number
 * where most of 150 names are ADE20K's in its order.
 */
export function readClasses(raw: unknown, id: string): readonly LabelClass[] {
  const { data } = config.safeParse(raw);
  const names = Object.entries(data?.id2label ?? {});
  const last = Math.max(-1, ...names.map(([label]) => Number(label)));
  if (names.length === 0 || !(last < mostClasses)) {
    throw wrongNetwork(id, `a segmentation of 1 to ${mostClasses} classes that its config.json names as id2label`);
  }
  const listed = Array.from({ length: last + 1 }, (_, label) => data?.id2label[String(label)] ?? `class ${label}`);
  const matches = listed.map(matchOf);
  const inOrder = listed.length === ade20k.length && matches.filter((match, i) => match === ade20k[i]).length > 75;
  return listed.map((name, label) => ({
    name: name.trim(),
    match: matches[label] ?? (inOrder ? ade20k[label]! : null),
  }));
}

function matchOf(name: string): SegmentClass | null {
  const names = name.split(/[,;]/).map((one) => one.trim().toLowerCase().replaceAll('_', ' '));
  return ade20k.find((known) => names.includes(known.name)) ?? null;
}

function labelsOf(output: Tensor | undefined, picture: Size, classes: number, id: string): Uint8Array {
  const dims = output?.dims ?? [];
  const [height = 0, width = 0] = dims.slice(-2);
  const planes = dims.length === 4 ? dims[1]! : 1;
  if (output === undefined || dims.length < 3 || dims[0] !== 1 || (planes !== 1 && planes !== classes)) {
    const found = `but its output is [${dims.join(', ')}] and config.json names ${classes} classes`;
    throw wrongNetwork(id, `a segmentation with an output [1, classes, height, width] or [1, height, width] ${found}`);
  }
  const size = { width, height };
  return planes === 1 ? nearestLabels(output.data, size, picture) : bestLabels(output.data, size, picture, planes);
}

function nearestLabels(labels: Float32Array, from: Size, to: Size): Uint8Array {
  const out = new Uint8Array(to.width * to.height);
  for (let y = 0, i = 0; y < to.height; y++) {
    const row = Math.floor(((y + 0.5) * from.height) / to.height) * from.width;
    for (let x = 0; x < to.width; x++) out[i++] = labels[row + Math.floor(((x + 0.5) * from.width) / to.width)]!;
  }
  return out;
}

/** Linear between the centres of the grid's cells, as torch's interpolate(mode='bilinear', align_corners=False). */
function bestLabels(scores: Float32Array, from: Size, to: Size, planes: number): Uint8Array {
  const labels = new Uint8Array(to.width * to.height);
  const columns = positions(from.width, to.width);
  const rows = positions(from.height, to.height);
  const best = new Float32Array(to.width);
  const line = new Float32Array(from.width);
  for (let y = 0; y < to.height; y++) {
    best.fill(Number.NEGATIVE_INFINITY);
    const [above, below, down] = rows(y);
    for (let plane = 0; plane < planes; plane++) {
      const start = plane * from.width * from.height;
      const [upper, lower] = [start + above * from.width, start + below * from.width];
      for (let x = 0; x < from.width; x++) line[x] = scores[upper + x]! * (1 - down) + scores[lower + x]! * down;
      for (let x = 0; x < to.width; x++) {
        const [left, right, across] = columns(x);
        const score = line[left]! * (1 - across) + line[right]! * across;
        if (score <= best[x]!) continue;
        best[x] = score;
        labels[y * to.width + x] = plane;
      }
    }
  }
  return labels;
}

/** The two cells beside a target's centre, and how far it is from the first to the second. */
function positions(length: number, resized: number): (index: number) => readonly [number, number, number] {
  const rows = Array.from({ length: resized }, (_, i) => {
    const position = Math.max(0, ((i + 0.5) * length) / resized - 0.5);
    const first = Math.min(Math.floor(position), length - 1);
    return [first, Math.min(first + 1, length - 1), position - first] as const;
  });
  return (index) => rows[index]!;
}
