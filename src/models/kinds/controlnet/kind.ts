import { z } from 'zod';
import { conditionIds } from '../../../conditions/registry.ts';
import { describeFamily } from '../../../generation/models/family.ts';
import { type ControlNetModel, controlNetNoun, typesOf } from '../../../generation/models/controlnet.ts';
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
  facts: (model: ControlNetModel) => [
    ['title', model.title],
    ['licence', model.licence ?? 'unknown'],
    ['family', describeFamily(model.family)],
    ['files', model.layout === 'diffusers' ? 'diffusers folder' : 'single file'],
    ['hash', model.hash],
    ['weights', model.changes === null ? 'its own' : `of the base model, changed by a ${model.changes}`],
    ['for', knownTypes(model) ?? '? (armature models set-type)'],
    ['came with', model.bundledWith ?? '-'],
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
    put: (model, told) => (model.unionTypes === null ? { ...model, type: String(told['type']) } : model),
  },
  fault: ({ type }, conditions) => typeFault(type, conditions),
  acts: 'residuals',
  inspect: async (...asked) => await (await import('./inspect.ts')).inspectControlNet(...asked),
  graphs: async (model) => await (await import('./graphs.ts')).graphsOfControlNet(model),
};

function typeOrGuess(model: ControlNetModel): string {
  const known = knownTypes(model);
  if (known !== null) return known;
  const { id, title } = model;
  const guess = guessType(title);
  return guess === null ? '? (armature models set-type)' : `? (perhaps: armature models set-type ${id} ${guess})`;
}

/** What it takes, as text; null where nobody has said it. */
function knownTypes(model: ControlNetModel): string | null {
  const types = typesOf(model)?.map(withMapsOnly).join(', ');
  return types === undefined ? null : model.unionTypes === null ? types : `${types} (a union)`;
}

/** Of a type that is no condition of this version nothing can be extracted. */
function withMapsOnly(type: string): string {
  return conditionIds.includes(type) ? type : `${type} (ready-made maps only)`;
}
