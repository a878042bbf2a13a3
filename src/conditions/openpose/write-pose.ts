import type { RgbImage } from '../../pixels/rgb-image.ts';
import type { Landmarks } from './find-hands.ts';
import type { Detection, ScoredPoint } from './movenet.ts';
import type { PersonJson, PoseJson } from './pose-json.ts';
import { fromCoco } from './coco-points.ts';

/** What was found of one person. */
export interface Finding {
  readonly person: Detection;
  readonly leftHand: Landmarks | undefined;
  readonly rightHand: Landmarks | undefined;
  readonly face: Landmarks | undefined;
}

/** OpenPose's names and order, in pixels of the picture with three decimals. */
export function writePose(
  findings: readonly Finding[],
  { width, height }: RgbImage,
  keypointThreshold: number,
): PoseJson {
  return {
    people: findings.map((finding) => writePerson(finding, keypointThreshold)),
    canvas_width: width,
    canvas_height: height,
  };
}

function writePerson({ person, leftHand, rightHand, face }: Finding, keypointThreshold: number): PersonJson {
  return {
    pose_keypoints_2d: toOpenPose(person.keypoints, keypointThreshold).flatMap(triple),
    hand_left_keypoints_2d: landmarkTriples(leftHand),
    hand_right_keypoints_2d: landmarkTriples(rightHand),
    face_keypoints_2d: face === undefined ? [] : [...landmarkTriples(face), ...noPupils],
  };
}

const [leftShoulder, rightShoulder] = [5, 6];

/** OpenPose's 18 points; null where a point scores below the threshold. The neck is the middle of the shoulders. */
export function toOpenPose(keypoints: readonly ScoredPoint[], threshold: number): readonly (ScoredPoint | null)[] {
  const counting = (index: number): ScoredPoint | null => {
    const point = keypoints[index]!;
    return point.score >= threshold ? point : null;
  };
  return fromCoco.map((index) => {
    if (index !== null) return counting(index);
    const [left, right] = [counting(leftShoulder), counting(rightShoulder)];
    if (left === null || right === null) return null;
    return { x: (left.x + right.x) / 2, y: (left.y + right.y) / 2, score: Math.min(left.score, right.score) };
  });
}

function landmarkTriples(found: Landmarks | undefined): number[] {
  return found?.points.flatMap((point) => triple({ ...point, score: found.presence })) ?? [];
}

/** The network knows no pupils, which OpenPose has as points 69 and 70. */
const noPupils = [0, 0, 0, 0, 0, 0];

function triple(point: ScoredPoint | null): number[] {
  if (point === null) return [0, 0, 0];
  // A confidence of 0 would mean that the point is absent.
  return [thousandths(point.x), thousandths(point.y), Math.max(thousandths(point.score), 0.001)];
}

function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}
