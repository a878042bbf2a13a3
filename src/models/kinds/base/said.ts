import { z } from 'zod';
import { predictionTypes, type ToldPrediction } from '../../../schedulers/prediction-type.ts';
import { schedulerIds } from '../../../schedulers/registry.ts';
import { predictionNamed, type Witness } from '../../../weights/prediction/prediction.ts';
import { manifestName } from '../../names/manifest-name.ts';
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

/** What its maker may say of a base model in armature.json. */
export const baseManifest = {
  defaults: z
    .strictObject({
      width: side.optional(),
      height: side.optional(),
      steps: z.int().min(1).max(1000).optional(),
      guidance_scale: z.number().min(0).max(50).optional(),
      scheduler: z.enum(schedulerIds).optional(),
    })
    .optional(),
  ...prediction,
  ...autoencoder,
};

export type BaseManifest = z.output<z.ZodObject<typeof baseManifest>>;

/** What an installation may say of a base model. */
export const baseTold = { list: 'bases', fields: { ...prediction, ...autoencoder } } as const;

type BaseTold = z.output<z.ZodObject<(typeof baseTold)['fields']>>;

/** A prediction as an installation keeps it. */
export function keptPrediction({ type, zeroSnr }: ToldPrediction): BaseTold {
  return { prediction_type: type, zero_snr: zeroSnr };
}

/** Id of the autoencoder that a base model is to be drawn with, the user's word before the maker's; null: its own. */
export function saidVae({ id, manifest, told }: Given): string | null {
  const said = (told as BaseTold).vae ?? (manifest as BaseManifest).vae ?? id;
  return said === id ? null : said;
}

/** Who says what a base model predicts, before its own files: the user's word goes before the maker's. */
export function witnesses({ id, manifest, told }: Given): readonly Witness[] {
  const [user, maker] = [told as BaseTold, manifest as BaseManifest];
  return [
    { by: 'user', source: `armature models set ${id}`, type: user.prediction_type, zeroSnr: user.zero_snr },
    { by: 'armature.json', source: manifestName, type: maker.prediction_type, zeroSnr: maker.zero_snr },
  ];
}
