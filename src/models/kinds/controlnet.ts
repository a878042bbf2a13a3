import { conditionIds } from '../../conditions/registry.ts';
import { describeFamily } from '../../generation/catalog.ts';
import type { ControlNetModel } from '../../generation/model.ts';
import { guessType } from '../manifest/guess-type.ts';
import type { SteeringKind } from './kind.ts';

/** Looked into with what it is for and the base model that it came with. */
export const controlNetKind: SteeringKind<ControlNetModel, [type: string | null, bundledWith: string | null]> = {
  id: 'controlnet',
  noun: 'ControlNet',
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
  hasType: true,
  acts: 'residuals',
  inspect: async (...asked) => await (await import('./inspect-controlnet.ts')).inspectControlNet(...asked),
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
