import type { RgbImage } from '../../pixels/rgb-image.ts';
import { blackCanvas } from '../../pixels/shapes/canvas.ts';
import { drawJoints, drawLimbs } from './draw-body.ts';
import { drawFace } from './draw-face.ts';
import { drawHand } from './draw-hand.ts';
import type { Parts, Person, PoseStyle } from './people.ts';

/** The map of people on black, as controlnet_aux's `draw_poses` (openpose) and `draw_pose` (dwpose) draw it. */
export function drawPeople(
  people: readonly Person[],
  width: number,
  height: number,
  style: PoseStyle,
  parts: Parts,
): RgbImage {
  const canvas = blackCanvas(width, height);
  const groups = style === 'openpose' ? people.map((person) => [person]) : [people];
  for (const group of groups) {
    const bodies = parts.body ? group.map(({ body }) => body) : [];
    drawLimbs(canvas, bodies);
    drawJoints(canvas, bodies);
    if (parts.hands)
      for (const hand of group.flatMap((person) => [person.leftHand, person.rightHand])) drawHand(canvas, hand);
    if (parts.face) for (const { face } of group) drawFace(canvas, face);
  }
  return canvas;
}
