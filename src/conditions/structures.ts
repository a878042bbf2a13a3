import type { z } from 'zod';

import { ArmatureError } from '../errors.ts';
import type { ConditionMap } from './contract/condition.ts';
import type { Frame, Size } from './contract/frame.ts';
import { placePose, poseCanvas } from './openpose/place-pose.ts';
import { poseJson } from './openpose/pose-json.ts';
import { parsePose } from './openpose/read-pose.ts';
import { hasWrongCorner, layoutCanvas, layoutSchema, placeLayout } from './seg/layout.ts';
import { parseUpToFault } from './contract/first-fault.ts';

export const structureKinds = ['pose', 'layout'] as const;
export type StructureKind = (typeof structureKinds)[number];

/** A kind of structure that can be sent as data instead of a picture, for the condition whose maps it is drawn as. */
export interface Structure<Schema extends z.ZodType = z.ZodType> {
  readonly condition: string;
  readonly schema: Schema;
  /** Checks data that came as JSON; `invalid_request` with the path of the fault under `field`. */
  readonly parse: (json: unknown, field: string) => z.output<Schema>;
  /** The size of the picture that the data belongs to; null where it does not say. */
  readonly canvas: (data: z.output<Schema>) => Size | null;
  /** The data with its canvas brought into a frame. */
  readonly place: (data: z.output<Schema>, canvas: Size, frame: Frame) => z.output<Schema>;
  /** Brings the drawing in when it is first needed. It gives the map at any size. */
  readonly load: () => Promise<(data: z.output<Schema>, width: number, height: number) => ConditionMap>;
}

export const structures: Readonly<Record<StructureKind, Structure>> = {
  pose: structure({
    condition: 'openpose',
    schema: poseJson,
    parse: parsePose,
    canvas: poseCanvas,
    place: placePose,
    load: async () => {
      const { renderPose } = await import('./openpose/render-pose.ts');
      return (pose, width, height) => {
        const map = renderPose(pose, width, height);
        const blank = map.data.every((value) => value === 0) ? 'openpose: the pose holds no point to draw.' : undefined;
        return { map, warnings: blank === undefined ? [] : [blank], blank, data: pose };
      };
    },
  }),
  layout: structure({
    condition: 'seg',
    schema: layoutSchema,
    parse: parseLayout,
    canvas: layoutCanvas,
    place: placeLayout,
    load: async () => {
      const { renderLayout } = await import('./seg/layout.ts');
      return ({ regions, background }, width, height) => renderLayout(width, height, regions, background);
    },
  }),
};

function parseLayout(json: unknown, field: string): z.output<typeof layoutSchema> {
  const result = parseUpToFault(layoutSchema, json, 'regions', hasWrongCorner);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [field, ...issue!.path.map(String)].join('.');
  throw new ArmatureError('invalid_request', `Expected ${path} to be a layout: ${issue!.message}.`, { field: path });
}

/** Ties the type of the data to what the drawing takes. */
function structure<Schema extends z.ZodType>(row: Structure<Schema>): Structure<Schema> {
  return Object.freeze(row);
}
