import { fromCoco } from './coco-points.ts';
import type { ScoredPoint } from './movenet.ts';
import type { PersonJson } from './pose-json.ts';

const [leftShoulder, rightShoulder] = [5, 6];
const face = { from: 23, to: 91 };
const leftHand = { from: 91, to: 112 };
const rightHand = { from: 112, to: 133 };

/**
 * One person of 133 points as OpenPose writes it; a point that scores below its threshold is absent. The neck is the middle
 * of the shoulders where both are there. The feet are left out: no map shows them.
 */
export function writeWholeBody(
  points: readonly ScoredPoint[],
  thresholds: Pick<DwposeThresholds, 'body' | 'hand' | 'face'>,
): PersonJson {
  const counting = (index: number): ScoredPoint | null => atLeast(points[index]!, thresholds.body);
  const part = ({ from, to }: typeof face, threshold: number | null): number[] =>
    threshold === null ? [] : points.slice(from, to).flatMap((point) => triple(atLeast(point, threshold)));
  const facePoints = part(face, thresholds.face);
  return {
    pose_keypoints_2d: fromCoco.flatMap((index) =>
      triple(index === null ? between(counting(leftShoulder), counting(rightShoulder)) : counting(index)),
    ),
    hand_left_keypoints_2d: part(leftHand, thresholds.hand),
    hand_right_keypoints_2d: part(rightHand, thresholds.hand),
    // The network knows no pupils, which OpenPose has as points 69 and 70.
    face_keypoints_2d: facePoints.length === 0 ? [] : [...facePoints, ...triple(null), ...triple(null)],
  };
}

function atLeast(point: ScoredPoint, threshold: number): ScoredPoint | null {
  return point.score >= threshold ? point : null;
}

function between(left: ScoredPoint | null, right: ScoredPoint | null): ScoredPoint | null {
  if (left === null || right === null) return null;
  return { x: (left.x + right.x) / 2, y: (left.y + right.y) / 2, score: Math.min(left.score, right.score) };
}

function triple(point: ScoredPoint | null): number[] {
  return point === null ? [0, 0, 0] : [thousandths(point.x), thousandths(point.y), thousandths(point.score)];
}

function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}

export interface DwposeThresholds {
  /** Score from which a person counts. */
  readonly person: number;
  /** Scores from which a point counts; null leaves all hands or faces out. */
  readonly body: number;
  readonly hand: number | null;
  readonly face: number | null;
}
