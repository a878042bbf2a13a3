import { z } from 'zod';

import { ArmatureError } from '../errors.ts';
import { blurCondition } from './blur/condition.ts';
import { cannyCondition } from './canny/condition.ts';
import type { Condition } from './contract/condition.ts';
import { depthCondition } from './depth/condition.ts';
import { imagePrompt } from './image-prompt.ts';
import { inpaintCondition } from './inpaint/condition.ts';
import { invertCondition } from './invert/condition.ts';
import { lineartCondition } from './lineart/condition.ts';
import { maskCondition } from './mask/condition.ts';
import { mlsdCondition } from './mlsd/condition.ts';
import { nearestName } from '../text/nearest-name.ts';
import { normalCondition } from './normal/condition.ts';
import { openposeCondition } from './openpose/condition.ts';
import { optionsSchema } from './contract/options.ts';
import { recolorCondition } from './recolor/condition.ts';
import { scribbleCondition } from './scribble/condition.ts';
import { segCondition } from './seg/condition.ts';
import { shuffleCondition } from './shuffle/condition.ts';
import { softedgeCondition } from './softedge/condition.ts';
import { thresholdCondition } from './threshold/condition.ts';
import { tileCondition } from './tile/condition.ts';

/** Every kind of structure that can steer a picture, by id. A new condition is one folder and one row here. */
export const conditions = Object.freeze({
  canny: cannyCondition,
  softedge: softedgeCondition,
  scribble: scribbleCondition,
  mlsd: mlsdCondition,
  lineart: lineartCondition,
  depth: depthCondition,
  normal: normalCondition,
  openpose: openposeCondition,
  seg: segCondition,
  mask: maskCondition,
  tile: tileCondition,
  blur: blurCondition,
  inpaint: inpaintCondition,
  shuffle: shuffleCondition,
  recolor: recolorCondition,
  invert: invertCondition,
  threshold: thresholdCondition,
} satisfies Record<string, Condition>);

/** In the order in which they are listed. */
export const conditionRows: readonly Condition[] = Object.freeze(Object.values(conditions));

export const conditionIds: readonly string[] = Object.freeze(Object.keys(conditions));

/** Those that the API description gives as examples. */
export const conditionExamples = ['canny', 'depth'] as const;

/** Conditions beside whose pictures a mask may come. */
export const maskedConditions: readonly string[] = Object.freeze(
  conditionRows.filter(({ masked }) => masked === true).map(({ id }) => id),
);

/** Those whose maps a union ControlNet of so many types takes. */
export function conditionsOfUnion(types: number): readonly string[] {
  return conditionRows.filter(({ unionType = types }) => unionType < types).map(({ id }) => id);
}

/**
 * @param field path of the id in the request, such as `controls[0].type`.
 * @param others types of models beside those that are known here: they take ready-made maps only.
 * @throws ArmatureError `unknown_condition` with the nearest known id and all choices.
 */
export function findCondition(id: string, field = 'type', others: readonly string[] = []): Condition {
  const choices = [...conditionIds, ...others];
  if (choices.includes(id)) return conditionOf(id);
  const nearest = nearestName(id, choices);
  const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  throw new ArmatureError(
    'unknown_condition',
    `Expected a condition (${choices.join(', ')}) but received ${JSON.stringify(id.slice(0, 100))}.${hint}`,
    { field, choices },
  );
}

/** What is known of the type of a control or a model, whatever it is: its row, or one that takes ready-made maps only. */
export function conditionOf(type: string): Condition {
  return [...conditionRows, imagePrompt].find((row) => row.id === type) ?? readyMapsOnly(type);
}

function readyMapsOnly(id: string): Condition {
  return {
    id,
    title: id,
    description: 'What ControlNets of this type are steered by: ready-made maps, used as they are.',
    options: z.strictObject({}),
    fidelity: { none: 'nothing is known of it but that there are maps of it' },
  };
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

/** All that are known, and behind them `others`, which are known by the types of models alone. */
export function describeConditions(others: readonly string[] = []): readonly ConditionDescription[] {
  return [...conditionRows, ...others.map(readyMapsOnly)].map((row) => ({
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
