import type { Condition } from '../../src/conditions/contract/condition.ts';
import { conditions, findCondition } from '../../src/conditions/registry.ts';
import { ArmatureError } from '../../src/errors.ts';
import type { GivenPicture } from '../../src/generation/given-picture.ts';
import type { BaseModel } from '../../src/generation/models/base.ts';
import type { ControlNetModel } from '../../src/generation/models/controlnet.ts';
import { type ModelList, noModels } from '../../src/generation/models/model-list.ts';
import { parseGeneration } from '../../src/generation/parse.ts';
import type { GenerationPlan } from '../../src/generation/plan.ts';
import { resolveGeneration } from '../../src/generation/resolve.ts';
import type { Resolved } from '../../src/generation/resolved.ts';
import type { Family } from '../../src/graph/family.ts';
import { photoModel } from '../support/photo-model.ts';

const sd1: Family = {
  name: 'sd1',
  contextWidth: 768,
  latentChannels: 4,
  blockChannels: [320, 640, 1280, 1280],
  layersPerBlock: 2,
};
const sd2: Family = { ...sd1, name: 'sd2', contextWidth: 1024 };
const files = { licence: null, owner: null, hash: 'abc', path: '/models', layout: 'diffusers' } as const;
export const base: BaseModel = {
  ...photoModel,
  family: sd1,
  textLayers: 6,
  defaults: { width: 512, height: 768, steps: 25, guidanceScale: 7.5, scheduler: 'unipc' },
};

export function controlNet(
  id: string,
  type: string | null,
  family = sd1,
  bundledWith: string | null = null,
): ControlNetModel {
  return { ...files, kind: 'controlnet', id, title: id, family, type, unionTypes: null, changes: null, bundledWith };
}

export const models: ModelList = {
  ...noModels,
  bases: [base],
  controlNets: [
    controlNet('canny-shared', 'canny'),
    controlNet('photo-canny', 'canny', sd1, 'photo'),
    controlNet('depth-2', 'depth', sd2),
    controlNet('nameless', null),
  ],
  rejected: [{ id: 'broken', code: 'model_invalid', detail: 'its header is cut off.' }],
};
/** A condition that takes ready-made maps only, beside those that there are. */
const { load: _load, ...mapOnly } = conditions.depth;
export function conditionOf(id: string, field: string): Condition {
  return id === 'sketch' ? { ...mapOnly, id } : findCondition(id, field);
}

const catalog = { models, condition: conditionOf };
export const stored = { key: 'tenants/default/inputs/aa', sha256: 'aa' };
export const picture: GivenPicture = { stored, width: 640, height: 480, structure: null, map: null };
export const region: GivenPicture = {
  ...picture,
  stored: { key: 'tenants/default/inputs/bb', sha256: 'bb' },
  width: 8,
  height: 9,
};
export const image = { upload_id: 'upl_1' };

export function resolve(body: Record<string, unknown>, list = models, given = picture): Resolved<GenerationPlan> {
  const request = parseGeneration({ prompt: 'x', ...body });
  return resolveGeneration(request, {
    catalog: { ...catalog, models: list },
    defaultModel: 'photo',
    given: request.controls.map((control, index) => {
      const others = new Map(control.mask === undefined ? [] : [['mask', region] as const]);
      return { index, request: control, picture: given, others };
    }),
    randomSeed: () => 4_000_000_000,
    embedParameters: true,
  });
}

export function refusal(run: () => unknown): ArmatureError {
  try {
    run();
  } catch (error) {
    if (error instanceof ArmatureError) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}
