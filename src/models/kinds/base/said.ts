import { z } from 'zod';
import { predictionTypes, type ToldPrediction } from '../../../schedulers/prediction-type.ts';
import { schedulerIds } from '../../../schedulers/registry.ts';
import type { DistilledWitness } from '../../../weights/prediction/distilled.ts';
import { predictionNamed, type Witness } from '../../../weights/prediction/prediction.ts';
import { manifestName } from '../../names/manifest-name.ts';
import { distilledField } from '../contract/distilled-field.ts';
import type { Given } from '../contract/kind.ts';

const side = z.int().min(64).max(4096).multipleOf(8);

/** In any of its spellings; stored as diffusers writes it. */
const predictionType = z.string().transform((name, context) => {
  const type = predictionNamed(name);
  if (type !== null) return type;
  context.addIssue({ code: 'custom', message: `expected ${predictionTypes.join(', ')}` });
  return z.NEVER;
});

const prediction = { prediction_type: predictionType.optional(), zero_snr: z.boolean().optional() };

/** Id of the autoencoder that it is drawn with; its own id: its own. */
const autoencoder = { vae: z.string().min(1).max(200).optional() };

/** What a request gets that leaves it open. */
const sampling = {
  steps: z.int().min(1).max(1000).optional(),
  guidance_scale: z.number().min(0).max(50).optional(),
  scheduler: z.enum(schedulerIds).optional(),
};

/** What its maker may say of a base model in armature.json. */
export const baseManifest = {
  defaults: z.strictObject({ width: side.optional(), height: side.optional(), ...sampling }).optional(),
  ...prediction,
  ...distilledField,
  ...autoencoder,
};

export type BaseManifest = z.output<z.ZodObject<typeof baseManifest>>;

/** What an installation may say of a base model. */
export const baseTold = {
  list: 'bases',
  fields: { ...prediction, ...distilledField, ...sampling, ...autoencoder },
} as const;

export type BaseTold = z.output<z.ZodObject<(typeof baseTold)['fields']>>;

/** What of it says how a model is sampled. */
export type SamplingSaid = Pick<BaseTold, 'distilled' | keyof typeof sampling>;

/** A prediction as an installation keeps it. */
export function keptPrediction({ type, zeroSnr }: ToldPrediction): BaseTold {
  return { prediction_type: type, zero_snr: zeroSnr };
}

/** Id of the autoencoder that a base model is to be drawn with, the user's word before the maker's; null: its own. */
export function saidVae({ id, manifest, told }: Given): string | null {
  const said = (told as BaseTold).vae ?? (manifest as BaseManifest).vae ?? id;
  return said === id ? null : said;
}

/** Who says how a base model was distilled, before its own files. */
export function distilledWitnesses({ id, manifest, told }: Given): readonly DistilledWitness[] {
  return [
    { decidedBy: 'user', source: `armature models set ${id}`, as: (told as BaseTold).distilled },
    { decidedBy: 'armature.json', source: manifestName, as: (manifest as BaseManifest).distilled },
  ];
}

/** Who says what a base model predicts, before its own files: the user's word goes before the maker's. */
export function witnesses({ id, manifest, told }: Given): readonly Witness[] {
  const [user, maker] = [told as BaseTold, manifest as BaseManifest];
  return [
    { by: 'user', source: `armature models set ${id}`, type: user.prediction_type, zeroSnr: user.zero_snr },
    { by: 'armature.json', source: manifestName, type: maker.prediction_type, zeroSnr: maker.zero_snr },
  ];
}
