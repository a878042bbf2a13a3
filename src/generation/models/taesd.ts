import type { BaseModel } from './base.ts';
import { findModel } from './find-model.ts';
import { type ForLatents, latentMisfit } from './for-latents.ts';
import type { ModelNoun } from './model-noun.ts';
import type { AnyFoundModel, RejectedModel } from './model.ts';

/** A small decoder of the denoiser's latents. */
export interface TaesdModel extends AnyFoundModel, ForLatents {
  readonly kind: 'taesd';
}

/** Why a TAESD is not known to fit a base model, as a sentence; null where it is. */
export function taesdMisfit(base: BaseModel, taesd: TaesdModel): string | null {
  return latentMisfit(base, taesd, `The TAESD ${taesd.id}`, 'unsaid');
}

export const taesdNoun = {
  noun: 'TAESD',
  list: 'taesds',
  field: 'decoder',
  misfit: taesdMisfit,
} as const satisfies ModelNoun<TaesdModel>;

/** The TAESDs that are there, and what cannot be used. */
interface Taesds {
  readonly taesds: readonly TaesdModel[];
  readonly rejected: readonly RejectedModel[];
}

/** The TAESD of an id; `model_invalid` where its files were refused, else `unknown_model` with the choices. */
export function findTaesd({ taesds, rejected }: Taesds, id: string, field: string): TaesdModel {
  return findModel(taesds, rejected, id, field, taesdNoun.noun);
}

/** The first that is known to fit a base model; null where none is. */
export function fittingTaesd(base: BaseModel, { taesds }: Pick<Taesds, 'taesds'>): TaesdModel | null {
  return taesds.find((taesd) => taesdMisfit(base, taesd) === null) ?? null;
}
