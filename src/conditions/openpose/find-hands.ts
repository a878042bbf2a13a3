import type { Annotator, AnnotatorSource } from '../contract/condition.ts';
import type { Point } from '../../pixels/shapes/canvas.ts';
import type { ScoredPoint } from './movenet.ts';
import { cropSquare, pointsInPicture, type Square } from './square-crop.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** A hand or face that a landmark network found, in pixels of the picture. */
export interface Landmarks {
  readonly points: readonly Point[];
  /** How sure the network is that it saw one, 0..1. */
  readonly presence: number;
}

const inputSize = 224;

/** A forearm shorter than this, in pixels, has no hand that could be seen. */
export const shortestForearm = 12;

/** Presence above which the points are good enough to look closer at where they lie. */
const worthAnotherLook = 0.3;

/**
 * The 21 points of the hand at the end of a forearm; undefined where the forearm is too short. Two crops of different size
 * are tried, and the better one is followed by a third around the points found.
 */
export async function findHand(
  image: RgbImage,
  elbow: ScoredPoint,
  wrist: ScoredPoint,
  networks: AnnotatorSource,
): Promise<Landmarks | undefined> {
  const [dx, dy] = [wrist.x - elbow.x, wrist.y - elbow.y];
  const forearm = Math.hypot(dx, dy);
  if (forearm < shortestForearm) return undefined;
  const network = await networks.annotator('hand_landmark');
  const centre = { x: wrist.x + 0.3 * dx, y: wrist.y + 0.3 * dy };
  const up = Math.atan2(dy, dx);
  const narrow = await handIn(image, { centre, side: 1.1 * forearm, up }, network);
  const wide = await handIn(image, { centre, side: 1.5 * forearm, up }, network);
  const better = wide.presence > narrow.presence ? wide : narrow;
  if (better.presence <= worthAnotherLook) return better;
  return await handIn(image, squareAroundHand(better.points), network);
}

async function handIn(image: RgbImage, square: Square, network: Annotator): Promise<Landmarks> {
  const { landmarks, presence } = await network.run({ image: cropSquare(image, square, inputSize) });
  return { points: pointsInPicture(landmarks!.data, square, inputSize), presence: presence!.data[0]! };
}

/** The points that bound a hand: not the ends of its fingers, which move. */
const palm = [0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18];

/** The square in which MediaPipe looks for a hand again that it knows: along the hand, twice as long as the palm. */
export function squareAroundHand(points: readonly Point[]): Square {
  const at = (index: number): Point => points[index]!;
  const root = (axis: 'x' | 'y'): number => ((at(5)[axis] + at(13)[axis]) / 2 + at(9)[axis]) / 2;
  const up = Math.atan2(root('y') - at(0).y, root('x') - at(0).x);
  const [cosine, sine] = [Math.cos(up), Math.sin(up)];
  const across = extent(palm.map((index) => at(index).y * cosine - at(index).x * sine));
  const along = extent(palm.map((index) => at(index).x * cosine + at(index).y * sine));
  const side = Math.max(across.length, along.length) * 2;
  const ahead = along.middle + side * 0.05;
  return {
    centre: { x: -sine * across.middle + cosine * ahead, y: cosine * across.middle + sine * ahead },
    side,
    up,
  };
}

/** Middle and length of the range of some values. */
export function extent(values: readonly number[]): { readonly middle: number; readonly length: number } {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return { middle: (least + most) / 2, length: most - least };
}
