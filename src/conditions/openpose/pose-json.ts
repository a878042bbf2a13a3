import { z } from 'zod';

/** How far outside the picture a point may lie, in pixels: far beyond any canvas, and harmless to draw. */
const farthest = 100_000;
const largestCanvas = 16_384;

/** Triples of x, y and confidence, one after another; a confidence of 0 is an absent point. */
function triples(what: string, ...pointCounts: readonly number[]) {
  const lengths = pointCounts.map((count) => count * 3);
  return z
    .array(z.number().min(-farthest).max(farthest))
    .max(Math.max(...lengths))
    .refine((values) => values.length === 0 || lengths.includes(values.length), {
      error: `${what} takes ${pointCounts.join(' or ')} points of three numbers (x, y, confidence): ${lengths.join(' or ')} numbers, or none`,
    })
    .nullish();
}

/** OpenPose writes 3D points beside the others; a map has no use for them. */
const inSpace = z.array(z.number()).max(600).nullish();

const personFields = {
  person_id: z.union([z.number(), z.array(z.number()).max(1)]).optional(),
  pose_keypoints_2d: triples('pose_keypoints_2d', 18, 25).describe(
    'The body: 18 points in the order of COCO, or 25 in that of BODY_25 (its feet and middle of the hips are not drawn).',
  ),
  hand_left_keypoints_2d: triples('hand_left_keypoints_2d', 21).describe('21 points: wrist, then four a finger.'),
  hand_right_keypoints_2d: triples('hand_right_keypoints_2d', 21).describe('21 points: wrist, then four a finger.'),
  face_keypoints_2d: triples('face_keypoints_2d', 68, 70).describe('68 points, or 70 with the pupils.'),
  pose_keypoints_3d: inSpace,
  hand_left_keypoints_3d: inSpace,
  hand_right_keypoints_3d: inSpace,
  face_keypoints_3d: inSpace,
};

const personJson = z.strictObject(personFields).describe('One person').meta({ id: 'Person' });

/**
 * Poses as OpenPose writes them (its "JSON output"), with the canvas size that ControlNet's tools add. Coordinates are
 * pixels of that canvas, or shares of its width and height where none of them lies outside -1..2.
 */
export const poseJson = z
  .strictObject({
    version: z.number().optional(),
    people: z.array(personJson).max(100),
    // ComfyUI's tools write a list of animals beside the people, mostly an empty one.
    animals: z.array(z.unknown()).max(0, { error: 'animals are not drawn: leave them out' }).nullish(),
    canvas_width: z.number().int().min(1).max(largestCanvas).optional(),
    canvas_height: z.number().int().min(1).max(largestCanvas).optional(),
  })
  .describe('Poses as OpenPose writes them, in pixels of the canvas or in shares of its width and height')
  .meta({ id: 'Pose' });

export type PoseJson = z.output<typeof poseJson>;
export type PersonJson = PoseJson['people'][number];
