import { roundHalfToEven } from '../../numeric/round-half-to-even.ts';
import { type Tensor, tensor } from '../../numeric/tensor.ts';
import type { AnnotatorSource } from '../contract/condition.ts';
import type { Point } from '../../pixels/shapes/canvas.ts';
import { resizeTo } from '../networks/network-input.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

export interface ScoredPoint extends Point {
  /** 0..1 */
  readonly score: number;
}

/** Someone whom MoveNet found, in pixels of the picture. */
export interface Detection {
  readonly score: number;
  readonly box: Box;
  /** COCO's 17 points: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles; of each pair the left first. */
  readonly keypoints: readonly ScoredPoint[];
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Rows that the network gives, found or not. */
export const largestGroup = 6;

const valuesPerPerson = 56;
const keypointCount = 17;

/**
 * The six rows that MoveNet MultiPose gives for a picture seen with a long side of `length` pixels, at the top left of a
 * black canvas whose sides are multiples of 32.
 */
export async function moveNet(
  image: RgbImage,
  length: number,
  networks: AnnotatorSource,
): Promise<readonly Detection[]> {
  const scale = length / Math.max(image.width, image.height);
  const input = moveNetInput(image, scale);
  const network = await networks.annotator('movenet_multipose');
  const { poses } = await network.run({ image: input });
  const [, height, width] = input.dims as readonly [number, number, number, number];
  return Array.from({ length: largestGroup }, (_, i) =>
    detection(poses!.data.subarray(i * valuesPerPerson, (i + 1) * valuesPerPerson), width / scale, height / scale),
  );
}

/** [1, height, width, 3] with values 0..255 */
function moveNetInput(image: RgbImage, scale: number): Tensor {
  const side = (length: number): number => Math.max(1, roundHalfToEven(length * scale));
  const { width, height, data } = resizeTo(image, { width: side(image.width), height: side(image.height) });
  const [paddedWidth, paddedHeight] = [Math.ceil(width / 32) * 32, Math.ceil(height / 32) * 32];
  const values = new Float32Array(paddedWidth * paddedHeight * 3);
  for (let y = 0; y < height; y++) {
    values.set(data.subarray(y * width * 3, (y + 1) * width * 3), y * paddedWidth * 3);
  }
  return tensor([1, paddedHeight, paddedWidth, 3], values);
}

/** @param row 17 x (y, x, score), then the box as y, x, y, x, and the score, all relative to the canvas. */
function detection(row: Float32Array, width: number, height: number): Detection {
  const box = row.subarray(keypointCount * 3);
  return {
    score: box[4]!,
    box: { top: box[0]! * height, left: box[1]! * width, bottom: box[2]! * height, right: box[3]! * width },
    keypoints: Array.from({ length: keypointCount }, (_, i) => ({
      x: row[i * 3 + 1]! * width,
      y: row[i * 3]! * height,
      score: row[i * 3 + 2]!,
    })),
  };
}
