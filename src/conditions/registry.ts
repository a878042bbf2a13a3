import type { z } from 'zod';

import { ArmatureError } from '../errors.ts';
import { blurOptions } from './blur/options.ts';
import { cannyOptions } from './canny/options.ts';
import type { Condition } from './contract/condition.ts';
import { depthNetworks, depthOptions } from './depth/options.ts';
import { inpaintOptions } from './inpaint/options.ts';
import { invertOptions } from './invert/options.ts';
import { lineartNetworks, lineartOptions } from './lineart/options.ts';
import { maskNetworks, maskOptions } from './mask/options.ts';
import { mlsdOptions } from './mlsd/options.ts';
import { nearestName } from '../text/nearest-name.ts';
import { normalNetworks, normalOptions } from './normal/options.ts';
import { openposeNetworks, openposeOptions } from './openpose/options.ts';
import { optionsSchema } from './contract/options.ts';
import { recolorOptions } from './recolor/options.ts';
import { scribbleNetworks, scribbleOptions } from './scribble/options.ts';
import { segNetworks, segOptions } from './seg/options.ts';
import { shuffleOptions } from './shuffle/options.ts';
import { softedgeOptions } from './softedge/options.ts';
import { thresholdOptions } from './threshold/options.ts';
import { tileOptions } from './tile/options.ts';

/** Every kind of structure that can steer a picture, by id. A new condition is one folder and one row here. */
export const conditions = Object.freeze({
  canny: condition({
    id: 'canny',
    title: 'Canny edges',
    description:
      'Hard outlines: white edges, one pixel wide, on black. Extracted from a photograph as OpenCV does, or sent as a map.',
    options: cannyOptions,
    load: async () => (await import('./canny/canny.ts')).canny,
  }),
  softedge: condition({
    id: 'softedge',
    title: 'Soft edges (HED)',
    description:
      'Soft outlines: grey to white on black, the brighter the surer. Extracted from a photograph by HED, or sent as a map.',
    options: softedgeOptions,
    networks: () => ['hed'],
    load: async () => (await import('./softedge/softedge.ts')).softedge,
  }),
  scribble: condition({
    id: 'scribble',
    title: 'Scribble',
    description:
      'Rough white strokes on black. Made from a photograph by HED or by a difference of Gaussians, from a drawing, or sent as a map.',
    options: scribbleOptions,
    networks: scribbleNetworks,
    load: async () => (await import('./scribble/scribble.ts')).scribble,
  }),
  mlsd: condition({
    id: 'mlsd',
    title: 'Straight lines (M-LSD)',
    description:
      'Straight lines only, white and one pixel wide on black: buildings, rooms, furniture. Found in a photograph by M-LSD, or sent as a map.',
    options: mlsdOptions,
    networks: () => ['mlsd_512_large'],
    load: async () => (await import('./mlsd/mlsd.ts')).mlsd,
  }),
  lineart: condition({
    id: 'lineart',
    title: 'Line art',
    description:
      'Lines as a draughtsman draws them: white on black, thin and soft. Made from a photograph or a line drawing by differences of Gaussians or by a pulled network, or sent as a map.',
    options: lineartOptions,
    networks: lineartNetworks,
    load: async () => (await import('./lineart/lineart.ts')).lineart,
  }),
  depth: condition({
    id: 'depth',
    title: 'Depth',
    description:
      'Distance from the camera as a grey map: near is white, far is black. Seen in a photograph by FastDepth, which knows rooms best, or sent as a map of 8 or 16 bits (16 are rounded to 8).',
    options: depthOptions,
    networks: depthNetworks,
    load: async () => (await import('./depth/depth.ts')).depth,
  }),
  normal: condition({
    id: 'normal',
    title: 'Surface normals',
    description:
      'Which way each surface faces, as a colour. Derived from the depth that FastDepth sees in a photograph, seen by a pulled network, or sent as a map.',
    options: normalOptions,
    networks: normalNetworks,
    load: async () => (await import('./normal/normal.ts')).normal,
  }),
  openpose: condition({
    id: 'openpose',
    title: 'Pose (OpenPose)',
    description:
      "People's poses as OpenPose draws them: 18 joints and the limbs between them, each in its own colour, on black; hands and faces if wanted. Found in a photograph by MoveNet and the landmark networks of MediaPipe, or sent as a map.",
    options: openposeOptions,
    networks: openposeNetworks,
    load: async () => (await import('./openpose/openpose.ts')).openpose,
  }),
  seg: condition({
    id: 'seg',
    title: 'Segmentation (ADE20K)',
    description:
      'What is where: every area in the flat colour of its class in the ADE20K palette of 150 classes. From a photograph by DeepLab, which knows people, animals, vehicles and furniture (20 kinds) but not walls, floors, sky, buildings or trees; from a picture of class numbers; or sent as a map.',
    options: segOptions,
    networks: segNetworks,
    load: async () => (await import('./seg/seg.ts')).seg,
  }),
  mask: condition({
    id: 'mask',
    title: 'Mask of the subject',
    description:
      'The person or the main object in white on black, for inpainting, for the region of a control or to remove a background. Found in a photograph, or sent as a map.',
    options: maskOptions,
    networks: maskNetworks,
    load: async () => (await import('./mask/mask.ts')).mask,
  }),
  tile: condition({
    id: 'tile',
    title: 'Tile',
    description:
      'The picture itself, with less detail if wanted: the ControlNet keeps what is where and draws new detail.',
    options: tileOptions,
    load: async () => (await import('./tile/tile.ts')).tile,
  }),
  blur: condition({
    id: 'blur',
    title: 'Blur',
    description: 'The picture blurred by a Gaussian: colours and rough shapes stay, detail is drawn anew.',
    options: blurOptions,
    load: async () => (await import('./blur/blur.ts')).blur,
  }),
  inpaint: condition({
    id: 'inpaint',
    title: 'Inpaint',
    description:
      'The picture with a part that is to be drawn anew: what is transparent, or white in a mask sent beside it. The ControlNet fits that part to the rest.',
    options: inpaintOptions,
    masked: true,
    load: async () => (await import('./inpaint/inpaint.ts')).inpaint,
  }),
  shuffle: condition({
    id: 'shuffle',
    title: 'Content shuffle',
    description:
      'The picture with its places mixed up by a smooth random flow: its colours and textures steer, not its structure.',
    options: shuffleOptions,
    load: async () => (await import('./shuffle/shuffle.ts')).shuffle,
  }),
  recolor: condition({
    id: 'recolor',
    title: 'Recolour',
    description: 'The picture in grey, for new colours: by lightness or by the largest channel.',
    options: recolorOptions,
    load: async () => (await import('./recolor/recolor.ts')).recolor,
  }),
  invert: condition({
    id: 'invert',
    title: 'Invert',
    description:
      'The negative of the picture: turns a drawing in black on white into the white lines on black that ControlNets expect.',
    options: invertOptions,
    load: async () => (await import('./invert/invert.ts')).invert,
  }),
  threshold: condition({
    id: 'threshold',
    title: 'Threshold',
    description: 'Black and white by brightness, at a level or where the histogram parts best.',
    options: thresholdOptions,
    load: async () => (await import('./threshold/threshold.ts')).threshold,
  }),
} satisfies Record<string, Condition>);

export const conditionIds: readonly string[] = Object.freeze(Object.keys(conditions));

/**
 * @param field path of the id in the request, such as `controls[0].type`.
 * @throws ArmatureError `unknown_condition` with the nearest known id and all choices.
 */
export function findCondition(id: string, field = 'type'): Condition {
  if (Object.hasOwn(conditions, id)) return (conditions as Readonly<Record<string, Condition>>)[id]!;
  const nearest = nearestName(id, conditionIds);
  const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  throw new ArmatureError(
    'unknown_condition',
    `Expected a condition (${conditionIds.join(', ')}) but received ${JSON.stringify(id.slice(0, 100))}.${hint}`,
    { field, choices: conditionIds },
  );
}

/**
 * `photo`: structure is extracted from any picture; `map`: a ready-made map is taken with `preprocess: false`; `mask`: a
 * mask may come beside the picture.
 */
export const acceptedInputs = ['photo', 'map', 'mask'] as const;
export type Accepted = (typeof acceptedInputs)[number];

/** One row of GET /v1/conditions. */
export interface ConditionDescription {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly accepts: readonly Accepted[];
  /** JSON Schema of the extractor's options; null where there is no extractor. */
  readonly options: Readonly<Record<string, unknown>> | null;
}

export function describeConditions(): readonly ConditionDescription[] {
  return Object.values(conditions as Readonly<Record<string, Condition>>).map((row) => ({
    id: row.id,
    title: row.title,
    description: row.description,
    accepts: acceptedBy(row),
    options: row.load === undefined ? null : optionsSchema(row),
  }));
}

function acceptedBy({ load, masked }: Condition): readonly Accepted[] {
  const inputs = { photo: load !== undefined, map: true, mask: masked === true };
  return acceptedInputs.filter((input) => inputs[input]);
}

/** Ties the type of `options` to what the extractor takes. */
function condition<Options extends z.ZodType>(row: Condition<Options>): Condition<Options> {
  return Object.freeze(row);
}
