import type { Annotator, AnnotatorSource } from '../contract/condition.ts';
import type { Point } from '../../pixels/shapes/canvas.ts';
import { extent, type Landmarks } from './find-hands.ts';
import type { ScoredPoint } from './movenet.ts';
import { cropSquare, pointsInPicture, type Square } from './square-crop.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

const inputSize = 192;

/** Nose, eyes and ears of one person, as far as they were found. */
export interface FaceParts {
  readonly nose: ScoredPoint;
  readonly leftEye: ScoredPoint;
  readonly rightEye: ScoredPoint;
  readonly leftEar: ScoredPoint;
  readonly rightEar: ScoredPoint;
}

/**
 * The 68 points of a face. A first look goes by the body's points; where a face is seen, a second one by the points found.
 */
export async function findFace(
  image: RgbImage,
  parts: FaceParts,
  threshold: number,
  networks: AnnotatorSource,
): Promise<Landmarks> {
  const network = await networks.annotator('face_mesh');
  const first = await meshIn(image, squareOfFace(parts), network);
  if (first.presence < threshold) return inIbugScheme(first);
  const second = await meshIn(image, squareAroundMesh(first.points), network);
  return inIbugScheme(second.presence < threshold ? first : second);
}

async function meshIn(image: RgbImage, square: Square, network: Annotator): Promise<Landmarks> {
  const { landmarks, presence } = await network.run({ image: cropSquare(image, square, inputSize) });
  return { points: pointsInPicture(landmarks!.data, square, inputSize), presence: presence!.data[0]! };
}

function squareOfFace({ nose, leftEye, rightEye, leftEar, rightEar }: FaceParts): Square {
  const [dx, dy] = [leftEye.x - rightEye.x, leftEye.y - rightEye.y];
  const ears = Math.hypot(leftEar.x - rightEar.x, leftEar.y - rightEar.y);
  return {
    centre: { x: (leftEye.x + rightEye.x) / 4 + nose.x / 2, y: (leftEye.y + rightEye.y) / 4 + nose.y / 2 },
    side: Math.max(ears, Math.hypot(dx, dy) * 1.8) * 1.9,
    up: Math.atan2(dy, dx) - Math.PI / 2,
  };
}

/** Outer corners of the right and the left eye in the mesh of 468 points. */
const [rightCorner, leftCorner] = [33, 263];

function squareAroundMesh(points: readonly Point[]): Square {
  const [right, left] = [points[rightCorner]!, points[leftCorner]!];
  const horizontal = extent(points.map(({ x }) => x));
  const vertical = extent(points.map(({ y }) => y));
  return {
    centre: { x: horizontal.middle, y: vertical.middle },
    side: Math.max(horizontal.length, vertical.length) * 1.5,
    up: Math.atan2(left.y - right.y, left.x - right.x) - Math.PI / 2,
  };
}

/** The points of the mesh that lie where iBUG's 68 do: jaw, brows, nose, eyes, outer and inner lips. */
const ibug = [
  [162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389],
  [71, 63, 105, 66, 107],
  [336, 296, 334, 293, 301],
  [168, 197, 5, 4],
  [75, 97, 2, 326, 305],
  [33, 160, 158, 133, 153, 144],
  [362, 385, 387, 263, 373, 380],
  [61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181],
  [78, 82, 13, 312, 308, 317, 14, 87],
].flat();

function inIbugScheme({ points, presence }: Landmarks): Landmarks {
  return { points: ibug.map((index) => points[index]!), presence };
}
