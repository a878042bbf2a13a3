import { z } from 'zod';

import { networkId } from '../networks/network-id.ts';

/** The networks that come with the package. */
export const bundledNetwork = 'movenet';

const score = z.number().min(0).max(1);

export const openposeOptions = z
  .strictObject({
    network: networkId
      .default(bundledNetwork)
      .describe(
        "movenet, with MediaPipe's networks for hands and faces, or the id of a pulled DWPose, which finds all in one and more people (armature models pull dwpose).",
      ),
    body: z.boolean().default(true).describe('Draw the body: 18 joints and 17 limbs.'),
    hands: z.boolean().default(false).describe('Find and draw hands, 21 points each, where a forearm is seen.'),
    face: z.boolean().default(false).describe('Find and draw faces, 68 points each, where nose and eyes are seen.'),
    style: z
      .enum(['openpose', 'dwpose'])
      .default('openpose')
      .describe(
        'What lies on top where people overlap: one whole person (openpose), or joints over all limbs (dwpose).',
      ),
    person_threshold: score.default(0.3).describe('Score from which a person counts. Lower finds more people.'),
    keypoint_threshold: score
      .default(0.2)
      .describe('Score from which a point of the body counts. Lower draws more guessed limbs.'),
    hand_threshold: score.default(0.5).describe('Score from which a hand is drawn; with DWPose, each of its points.'),
    face_threshold: score.default(0.5).describe('Score from which a face is drawn; with DWPose, each of its points.'),
  })
  .refine(({ body, hands, face }) => body || hands || face, {
    path: ['body'],
    error: 'at least one of body, hands and face has to be true',
  });

export type OpenposeOptions = z.output<typeof openposeOptions>;

export function openposeNetworks({ network, hands, face }: OpenposeOptions): readonly string[] {
  if (network !== bundledNetwork) return [`${network}/yolox_l`, `${network}/dw-ll_ucoco_384`];
  return ['movenet_multipose', ...(hands ? ['hand_landmark'] : []), ...(face ? ['face_mesh'] : [])];
}
