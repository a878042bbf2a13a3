import { ArmatureError } from '../../errors.ts';
import type { Point } from '../../pixels/shapes/canvas.ts';
import { parseUpToFault } from '../contract/first-fault.ts';
import type { Person, Points } from './people.ts';
import { type PersonJson, type PoseJson, poseJson } from './pose-json.ts';

/**
 * Checks poses that came as data.
 *
 * @param field path of the poses in the request.
 * @throws ArmatureError `invalid_request` where they are not OpenPose JSON, hold too many people or points, or are in pixels
 *   of a canvas of unknown size.
 */
export function parsePose(json: unknown, field = 'pose'): PoseJson {
  const result = parseUpToFault(poseJson, singleFrame(json, field), 'people', hasWrongNumber);
  if (!result.success) {
    const [issue] = result.error.issues;
    const path = [field, ...issue!.path.map(String)].join('.');
    throw new ArmatureError('invalid_request', `Expected ${path} to be OpenPose JSON: ${issue!.message}.`, {
      field: path,
    });
  }
  const pose = result.data;
  if (!isNormalized(pose) && (pose.canvas_width === undefined || pose.canvas_height === undefined)) {
    throw new ArmatureError(
      'invalid_request',
      `Expected ${field} to hold canvas_width and canvas_height, because its coordinates are pixels; or send them as shares of the width and the height.`,
      { field: `${field}.canvas_width` },
    );
  }
  return pose;
}

/**
 * The frame of a list of frames, as ComfyUI's tools write even a single one; anything else as it is.
 *
 * @throws ArmatureError `invalid_request` for a list of none or of several.
 */
export function singleFrame(json: unknown, field = 'pose'): unknown {
  if (!Array.isArray(json)) return json;
  if (json.length === 1) return json[0];
  const detail = `Expected ${field} to be OpenPose JSON of one picture but received a list of ${json.length} frames: send one of them.`;
  throw new ArmatureError('invalid_request', detail, { field });
}

function hasWrongNumber(person: unknown): boolean {
  if (typeof person !== 'object' || person === null) return true;
  const isWrong = (value: unknown): boolean => typeof value !== 'number';
  return Object.values(person).some((value) => Array.isArray(value) && value.some(isWrong));
}

/** People of a checked pose, in pixels of a map of this size. */
export function peopleOf(pose: PoseJson, width: number, height: number): readonly Person[] {
  const normalized = isNormalized(pose);
  const horizontal = normalized ? width : width / pose.canvas_width!;
  const vertical = normalized ? height : height / pose.canvas_height!;
  const place = (values: Triples): Points =>
    pointsOf(values).map((point) => point && { x: point.x * horizontal, y: point.y * vertical });
  return pose.people.map((person) => ({
    body: toEighteen(place(person.pose_keypoints_2d)),
    leftHand: place(person.hand_left_keypoints_2d),
    rightHand: place(person.hand_right_keypoints_2d),
    face: place(person.face_keypoints_2d),
  }));
}

type Triples = readonly number[] | null | undefined;

function pointsOf(values: Triples): readonly (Point | null)[] {
  return Array.from({ length: (values?.length ?? 0) / 3 }, (_, i) =>
    values![i * 3 + 2]! > 0 ? { x: values![i * 3]!, y: values![i * 3 + 1]! } : null,
  );
}

/** Nobody's pose fits into two pixels, so a pose in which everything lies that near the corner is not in pixels. */
export function isNormalized({ people }: PoseJson): boolean {
  const near = (value: number): boolean => value >= -1 && value <= 2;
  return people.every((person) =>
    partsOf(person).every((part) =>
      pointsOf(part).every((point) => point === null || (near(point.x) && near(point.y))),
    ),
  );
}

function partsOf(person: PersonJson): readonly Triples[] {
  const { pose_keypoints_2d: body, hand_left_keypoints_2d: left, hand_right_keypoints_2d: right } = person;
  return [body, left, right, person.face_keypoints_2d];
}

/** Indices in BODY_25 of the 18 points: it has the middle of the hips at 8 and feet at the end. */
const fromBody25 = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];

function toEighteen(points: Points): Points {
  return points.length === 25 ? fromBody25.map((index) => points[index]!) : points;
}
