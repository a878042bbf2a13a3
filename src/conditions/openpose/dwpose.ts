import type { AnnotatorSource } from '../contract/condition.ts';
import type { PersonJson, PoseJson } from './pose-json.ts';
import { findPoints } from './rtmpose.ts';
import { type DwposeThresholds, writeWholeBody } from './whole-body.ts';
import { findPeopleBoxes } from './yolox.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

export interface WholeBodies {
  readonly pose: PoseJson;
  /** Whether there are more people than were looked at. */
  readonly full: boolean;
}

/** Each takes a run of the pose network: about a second on a few cores. */
export const mostPeople = 50;

/**
 * Everyone in a picture with body, hands and face by DWPose (Yang et al., 2023), the surest first: YOLOX finds people, RTMPose
 * the points of each. Both are files of one pulled annotator.
 *
 * @param id of the annotator, `dwpose` as the catalog has it.
 */
export async function dwpose(
  image: RgbImage,
  id: string,
  networks: AnnotatorSource,
  thresholds: DwposeThresholds,
): Promise<WholeBodies> {
  const boxes = await findPeopleBoxes(image, await networks.annotator(`${id}/yolox_l`), thresholds.person);
  const surest = boxes.slice(0, mostPeople);
  const people: PersonJson[] = [];
  for (const box of surest) {
    const points = await findPoints(image, box, await networks.annotator(`${id}/dw-ll_ucoco_384`));
    people.push(writeWholeBody(points, thresholds));
  }
  const pose = { people, canvas_width: image.width, canvas_height: image.height };
  return { pose, full: boxes.length > mostPeople };
}
