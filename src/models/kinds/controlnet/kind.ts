import { z } from 'zod';
import { conditionIds } from '../../../conditions/registry.ts';
import { describeFamily } from '../../../generation/models/family.ts';
import { type ControlNetModel, controlNetNoun } from '../../../generation/models/controlnet.ts';
import { guessType } from './guess-type.ts';
import { singleFileKind } from '../../../weights/layouts/single-file.ts';
import type { SteeringKind } from '../contract/kind.ts';
import { typeFault, typeList } from '../contract/typed.ts';
import { controlNetView } from './view.ts';

/** Its list in every armature.json. */
const list = 'controlnets';

export const controlNetKind: SteeringKind<ControlNetModel> = {
  ...controlNetNoun,
  id: 'controlnet',
  heads: ['CONTROLNET', 'FAMILY', 'FOR', 'CAME WITH'],
  cells: (model: ControlNetModel) => [model.id, model.family.name, typeOrGuess(model), model.bundledWith ?? '-'],
  facts: ({ title, licence, family, layout, hash, type, bundledWith }: ControlNetModel) => [
    ['title', title],
    ['licence', licence ?? 'unknown'],
    ['family', describeFamily(family)],
    ['files', layout === 'diffusers' ? 'diffusers folder' : 'single file'],
    ['hash', hash],
    ['for', type === null ? '? (armature models set-type)' : withMapsOnly(type)],
    ['came with', bundledWith ?? '-'],
  ],
  view: controlNetView,
  typedBy: list,
  folder: /"_class_name"\s*:\s*"ControlNet\w*"/,
  holds: (file) => singleFileKind(file) === 'controlnet',
  manifest: { [list]: typeList },
  told: {
    list,
    fields: { type: z.string() },
    always: true,
    put: (model, told) => ({ ...model, type: String(told['type']) }),
  },
  fault: ({ type }, conditions) => typeFault(type, conditions),
  acts: 'residuals',
  inspect: async (...asked) => await (await import('./inspect.ts')).inspectControlNet(...asked),
  graphs: async (model) => await (await import('./graphs.ts')).graphsOfControlNet(model),
};

function typeOrGuess({ id, title, type }: ControlNetModel): string {
  if (type !== null) return withMapsOnly(type);
  const guess = guessType(title);
  return guess === null ? '? (armature models set-type)' : `? (perhaps: armature models set-type ${id} ${guess})`;
}

/** Of a type that is no condition of this version nothing can be extracted. */
function withMapsOnly(type: string): string {
  return conditionIds.includes(type) ? type : `${type} (ready-made maps only)`;
}
