import type { RgbImage } from '../../pixels/rgb-image.ts';
import { drawPeople } from './draw-people.ts';
import type { Parts, PoseStyle } from './people.ts';
import type { PoseJson } from './pose-json.ts';
import { peopleOf } from './read-pose.ts';

const everything: Parts = { body: true, hands: true, face: true };

/**
 * The map of poses that came as data, at any size: what OpenPose's JSON describes as ControlNet's tools draw it.
 *
 * @param pose as {@link parsePose} gives it.
 * @param parts which parts are drawn of those that are there.
 */
export function renderPose(
  pose: PoseJson,
  width: number,
  height: number,
  style: PoseStyle = 'openpose',
  parts: Parts = everything,
): RgbImage {
  return drawPeople(peopleOf(pose, width, height), width, height, style, parts);
}
