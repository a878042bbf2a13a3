import { describeFamily } from '../../generation/catalog.ts';
import type { BaseModel } from '../../generation/model.ts';
import type { Prediction } from '../../schedulers/prediction-type.ts';
import type { FoundKind } from './kind.ts';

export const baseKind: FoundKind<BaseModel> = {
  id: 'base',
  noun: 'base model',
  heads: ['BASE MODEL', 'FAMILY', 'SIZE', 'LICENCE', 'PREDICTS', 'TITLE'],
  cells: ({ id, family, defaults, prediction, licence, title }: BaseModel) => [
    id,
    family.name,
    `${defaults.width}x${defaults.height}`,
    licence ?? 'unknown',
    describePrediction(prediction),
    title,
  ],
  facts: ({ title, licence, family, layout, hash, prediction, defaults, textLayers }: BaseModel) => [
    ['title', title],
    ['licence', licence ?? 'unknown'],
    ['family', describeFamily(family)],
    ['files', layout === 'diffusers' ? 'diffusers folder' : 'single file'],
    ['hash', hash],
    ['predicts', describePrediction(prediction)],
    ['decided by', prediction.source],
    ...(prediction.contradiction === null ? [] : [['contradiction', prediction.contradiction] as const]),
    ['text layers', String(textLayers)],
    [
      'defaults',
      `${defaults.width}x${defaults.height}, ${defaults.steps} steps, guidance ${defaults.guidanceScale}, ${defaults.scheduler}`,
    ],
  ],
  hasType: false,
  inspect: async (path, given, file) => await (await import('./inspect-base.ts')).inspectBase(path, given, file),
};

/** `v_prediction (marker)`, `epsilon (assumed)`. */
export function describePrediction({ type, zeroSnr, decidedBy }: Prediction): string {
  const who = decidedBy === 'weights' || decidedBy === 'family' ? 'assumed' : decidedBy;
  return `${type}${zeroSnr ? ', zero SNR' : ''} (${who})`;
}
