import { describeFamily } from '../../../generation/models/family.ts';
import { type BaseModel, baseNoun } from '../../../generation/models/base.ts';
import type { DenoiserTask } from '../../../graph/task.ts';
import { distillations, type Distilled } from '../../../schedulers/distillations.ts';
import type { Prediction } from '../../../schedulers/prediction-type.ts';
import { singleFileKind } from '../../../weights/layouts/single-file.ts';
import type { FoundKind } from '../contract/kind.ts';
import { baseManifest, baseTold } from './said.ts';
import { baseView } from './view.ts';

export const baseKind: FoundKind<BaseModel> = {
  ...baseNoun,
  id: 'base',
  heads: ['BASE MODEL', 'FAMILY', 'SIZE', 'LICENCE', 'PREDICTS', 'TITLE'],
  cells: ({ id, family, defaults, prediction, licence, title }: BaseModel) => [
    id,
    family.name,
    `${defaults.width}x${defaults.height}`,
    licence ?? 'unknown',
    describePrediction(prediction),
    title,
  ],
  facts: ({
    title,
    licence,
    family,
    layout,
    hash,
    task,
    embedsGuidance,
    distilled,
    prediction,
    defaults,
    textLayers,
    scalingFactor,
    vae,
  }: BaseModel) => [
    ['title', title],
    ['licence', licence ?? 'unknown'],
    ['family', describeFamily(family)],
    ['files', layout === 'diffusers' ? 'diffusers folder' : 'single file'],
    ['hash', hash],
    ['made for', tasks[task]],
    ...(embedsGuidance === true ? [['guidance', 'an input of its network'] as const] : []),
    ['few steps', describeDistilled(distilled)],
    ['predicts', describePrediction(prediction)],
    ['decided by', prediction.source],
    ...(prediction.contradiction === null ? [] : [['contradiction', prediction.contradiction] as const]),
    ['text layers', String(textLayers)],
    ['scaling factor', String(scalingFactor)],
    ['autoencoder', vae ?? 'its own'],
    [
      'defaults',
      `${defaults.width}x${defaults.height}, ${defaults.steps} steps, guidance ${defaults.guidanceScale}, ${defaults.scheduler}`,
    ],
  ],
  view: baseView,
  holds: (file) => singleFileKind(file) === 'base',
  manifest: baseManifest,
  told: baseTold,
  inspect: async (path, given, file) => await (await import('./inspect.ts')).inspectBase(path, given, file),
  graphs: async (model) => await (await import('./graphs.ts')).graphsOfBase(model),
};

const tasks: Readonly<Record<DenoiserTask, string>> = {
  drawing: 'drawing',
  inpainting: 'inpainting (9 channels: it is shown what is masked)',
  editing: 'changing a picture by words (instruct-pix2pix, 8 channels)',
};

/** `Turbo (armature.json)`; `no` where nobody says so. */
export function describeDistilled(distilled: Distilled | null): string {
  return distilled === null ? 'no' : `${distillations[distilled.as].title} (${distilled.source})`;
}

/** `v_prediction (marker)`, `epsilon (assumed)`. */
export function describePrediction({ type, zeroSnr, decidedBy }: Prediction): string {
  const who = decidedBy === 'weights' || decidedBy === 'family' ? 'assumed' : decidedBy;
  return `${type}${zeroSnr ? ', zero SNR' : ''} (${who})`;
}
