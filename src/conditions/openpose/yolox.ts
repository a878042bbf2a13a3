import { type Tensor, tensor } from '../../numeric/tensor.ts';
import type { Annotator } from '../contract/condition.ts';
import type { Box } from './movenet.ts';
import { linearSamples, type SampleAxis } from '../../pixels/linear-samples.ts';
import { runOnPicture, wrongNetwork } from '../networks/network-ports.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

export interface ScoredBox extends Box {
  /** 0..1 */
  readonly score: number;
}

const side = 640;
const strides = [8, 16, 32];
const cellCount = strides.reduce((sum, stride) => sum + (side / stride) ** 2, 0);
/** The box, its objectness, 80 classes; people are the first. */
const rowLength = 85;
const [objectness, personScore] = [4, 5];

/** Boxes that share more than this of both are one person. */
const sameBox = 0.45;

/**
 * People in a picture by YOLOX (Ge et al., 2021), the best first: boxes in pixels of the picture that score at least
 * `threshold`.
 */
export async function findPeopleBoxes(
  image: RgbImage,
  network: Annotator,
  threshold: number,
): Promise<readonly ScoredBox[]> {
  const { input, scale } = letterbox(image);
  const [output] = await runOnPicture(network, input, 'yolox');
  if (output === undefined || output.data.length !== cellCount * rowLength) {
    const found = `but its output is [${output?.dims.join(', ')}]`;
    throw wrongNetwork('the detector', `a YOLOX with an output [1, ${cellCount}, ${rowLength}] ${found}`);
  }
  return withoutOverlaps(decode(output.data, scale, threshold));
}

/**
 * The picture at the top left of a square of 640, as large as it fits, the rest 114; values 0..255.
 *
 * `scale` is the network's pixels for one of the picture.
 */
export function letterbox(image: RgbImage): { readonly input: Tensor; readonly scale: number } {
  const scale = Math.min(side / image.height, side / image.width);
  const axis = (length: number): SampleAxis => {
    const count = Math.max(1, Math.trunc(length * scale));
    return { count, first: (0.5 * length) / count - 0.5, step: length / count };
  };
  const { width, height, data } = linearSamples(image, axis(image.width), axis(image.height), 'repeat');
  const values = new Float32Array(3 * side * side).fill(114);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < height; y++) {
      const to = (channel * side + y) * side;
      for (let x = 0; x < width; x++) values[to + x] = data[(y * width + x) * 3 + channel]!;
    }
  }
  return { input: tensor([1, 3, side, side], values), scale };
}

/** Each cell says how far its box lies from it, in cells, and how large it is, as logarithms. */
function decode(rows: Float32Array, scale: number, threshold: number): readonly ScoredBox[] {
  const boxes: ScoredBox[] = [];
  let row = 0;
  for (const stride of strides) {
    const cells = side / stride;
    for (let cell = 0; cell < cells * cells; cell++, row += rowLength) {
      const score = rows[row + objectness]! * rows[row + personScore]!;
      if (!(score > threshold)) continue;
      const x = (rows[row]! + (cell % cells)) * stride;
      const y = (rows[row + 1]! + Math.floor(cell / cells)) * stride;
      const [width, height] = [Math.exp(rows[row + 2]!) * stride, Math.exp(rows[row + 3]!) * stride];
      boxes.push({
        score,
        left: (x - width / 2) / scale,
        top: (y - height / 2) / scale,
        right: (x + width / 2) / scale,
        bottom: (y + height / 2) / scale,
      });
    }
  }
  return boxes;
}

/** Greedy non-maximum suppression. Lengths count pixels, so that each is one more than the difference. */
function withoutOverlaps(boxes: readonly ScoredBox[]): readonly ScoredBox[] {
  const kept: ScoredBox[] = [];
  for (const box of boxes.toSorted((a, b) => b.score - a.score)) {
    if (kept.every((better) => overlap(box, better) <= sameBox)) kept.push(box);
  }
  return kept;
}

function overlap(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left) + 1);
  const height = Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) + 1);
  return (width * height) / (area(a) + area(b) - width * height);
}

function area({ left, top, right, bottom }: Box): number {
  return (right - left + 1) * (bottom - top + 1);
}
