import type { CanvasPlacement } from '../contract/canvas-placement.ts';
import type { PersonJson, PoseJson } from './pose-json.ts';
import { isNormalized } from './read-pose.ts';
import type { Size } from '../../numeric/size.ts';

/** The size of the picture that a pose belongs to; null where it does not say. */
export function poseCanvas({ canvas_width: width, canvas_height: height }: PoseJson): Size | null {
  return width === undefined || height === undefined ? null : { width, height };
}

/** The pose with its canvas brought into a frame: in pixels of that frame, whatever it was in. */
export function placePose(pose: PoseJson, canvas: Size, { scale, shift, size }: CanvasPlacement): PoseJson {
  const unit = isNormalized(pose) ? canvas : { width: 1, height: 1 };
  const triples = (values: readonly number[] | null | undefined): number[] | null | undefined =>
    values?.map((value, i) => {
      if (i % 3 === 0) return value * unit.width * scale.x + shift.x;
      return i % 3 === 1 ? value * unit.height * scale.y + shift.y : value;
    });
  const place = (person: PersonJson): PersonJson => ({
    ...person,
    pose_keypoints_2d: triples(person.pose_keypoints_2d),
    hand_left_keypoints_2d: triples(person.hand_left_keypoints_2d),
    hand_right_keypoints_2d: triples(person.hand_right_keypoints_2d),
    face_keypoints_2d: triples(person.face_keypoints_2d),
  });
  return { ...pose, people: pose.people.map(place), canvas_width: size.width, canvas_height: size.height };
}
