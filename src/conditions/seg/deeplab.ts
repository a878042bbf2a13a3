import type { Size } from '../../numeric/size.ts';
import type { AnnotatorSource } from '../contract/condition.ts';
import { interleavedInput, resizeTo } from '../networks/network-input.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** The network's input is a square of this side; the picture lies in its upper left corner, its long side as long. */
const side = 513;
/** Its output has one pixel for every eight, the first and the last in the corners. */
const stride = 8;
const grid = 65;
const classCount = 21;

/**
 * The Pascal VOC class of every pixel, at the size of the picture, by DeepLab v3 with MobileNet v2 (Chen et al., 2017): the
 * scores are interpolated to the picture before the best is taken, so that borders are smooth.
 */
export async function deepLabLabels(image: RgbImage, networks: AnnotatorSource): Promise<Uint8Array> {
  const factor = side / Math.max(image.width, image.height);
  const scaled = (length: number): number => Math.max(1, Math.round(length * factor));
  const content = { width: scaled(image.width), height: scaled(image.height) };
  const network = await networks.annotator('deeplabv3_mnv2_voc');
  const { logits } = await network.run({ image: canvasInput(resizeTo(image, content)) });
  return bestClasses(logits!.data, content, image);
}

/** -1..1, zeros beside and below the picture. */
function canvasInput(content: RgbImage): { readonly dims: readonly number[]; readonly data: Float32Array } {
  const { data } = interleavedInput(content, (value) => value / 127.5 - 1);
  const canvas = new Float32Array(side * side * 3);
  const length = content.width * 3;
  for (let y = 0; y < content.height; y++) {
    canvas.set(data.subarray(y * length, (y + 1) * length), y * side * 3);
  }
  return { dims: [1, side, side, 3], data: canvas };
}

/**
 * @param logits [1, 65, 65, 21]
 * @param content size of the picture within the network's input.
 */
function bestClasses(logits: Float32Array, content: Size, { width, height }: Size): Uint8Array {
  const labels = new Uint8Array(width * height);
  const row = new Float64Array(grid * classCount);
  const columns = gridPositions(width, content.width);
  const rows = gridPositions(height, content.height);
  for (let y = 0, i = 0; y < height; y++) {
    const { index, rest } = split(rows[y]!);
    const upper = index * row.length;
    const lower = Math.min(index + 1, grid - 1) * row.length;
    for (let j = 0; j < row.length; j++) row[j] = logits[upper + j]! * (1 - rest) + logits[lower + j]! * rest;
    for (let x = 0; x < width; x++, i++) labels[i] = bestClass(row, columns[x]!);
  }
  return labels;
}

/** Where the centre of each pixel of the picture lies on the network's grid. */
function gridPositions(length: number, contentLength: number): Float64Array {
  return new Float64Array(length).map((_, i) => {
    const position = ((i + 0.5) * contentLength) / length - 0.5;
    return Math.min(Math.max(position, 0), contentLength - 1) / stride;
  });
}

function bestClass(row: Float64Array, position: number): number {
  const { index, rest } = split(position);
  const left = index * classCount;
  const right = Math.min(index + 1, grid - 1) * classCount;
  let [best, label] = [Number.NEGATIVE_INFINITY, 0];
  for (let c = 0; c < classCount; c++) {
    const score = row[left + c]! * (1 - rest) + row[right + c]! * rest;
    if (score > best) {
      best = score;
      label = c;
    }
  }
  return label;
}

function split(position: number): { readonly index: number; readonly rest: number } {
  const index = Math.floor(position);
  return { index, rest: position - index };
}
