import { roundHalfToEven } from '../../numeric/round-half-to-even.ts';
import { type Tensor, tensor } from '../../numeric/tensor.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';
import type { Point } from '../../pixels/shapes/canvas.ts';

/** A turned square of a picture, in its pixels. */
export interface Square {
  readonly centre: Point;
  readonly side: number;
  /** Direction in the picture that points up in the crop: radians, clockwise from the right. */
  readonly up: number;
}

/** From a position in a crop to the picture: both axes of the crop, a crop pixel long, and its upper left corner. */
interface Frame {
  readonly right: Point;
  readonly down: Point;
  readonly origin: Point;
}

function frameOf({ centre, side, up }: Square, size: number): Frame {
  const upward = { x: Math.cos(up), y: Math.sin(up) };
  const step = side / size;
  return {
    right: { x: -upward.y * step, y: upward.x * step },
    down: { x: -upward.x * step, y: -upward.y * step },
    origin: {
      x: centre.x + ((upward.y + upward.x) * side) / 2,
      y: centre.y + ((upward.y - upward.x) * side) / 2,
    },
  };
}

function toPicture({ right, down, origin }: Frame, x: number, y: number): Point {
  return { x: right.x * x + down.x * y + origin.x, y: right.y * x + down.y * y + origin.y };
}

/**
 * The square as a network's input, [1, size, size, 3] with values 0..1: interpolated linearly and rounded to 8 bits; black
 * outside the picture.
 */
export function cropSquare(image: RgbImage, square: Square, size: number): Tensor {
  const frame = frameOf(square, size);
  const values = new Float32Array(size * size * 3);
  let to = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const at = toPicture(frame, x, y);
      const [left, top] = [Math.floor(at.x), Math.floor(at.y)];
      const [right, down] = [at.x - left, at.y - top];
      for (let channel = 0; channel < 3; channel++) {
        const above = valueAt(image, left, top, channel) * (1 - right) + valueAt(image, left + 1, top, channel) * right;
        const below =
          valueAt(image, left, top + 1, channel) * (1 - right) + valueAt(image, left + 1, top + 1, channel) * right;
        values[to++] = roundHalfToEven(above * (1 - down) + below * down) / 255;
      }
    }
  }
  return tensor([1, size, size, 3], values);
}

function valueAt({ width, height, data }: RgbImage, x: number, y: number, channel: number): number {
  return x >= 0 && y >= 0 && x < width && y < height ? data[(y * width + x) * 3 + channel]! : 0;
}

/** Points that a network found in a crop, as triples of x, y (crop pixels) and depth, at their place in the picture. */
export function pointsInPicture(landmarks: Float32Array, square: Square, size: number): readonly Point[] {
  const frame = frameOf(square, size);
  return Array.from({ length: landmarks.length / 3 }, (_, i) =>
    toPicture(frame, landmarks[i * 3]!, landmarks[i * 3 + 1]!),
  );
}
