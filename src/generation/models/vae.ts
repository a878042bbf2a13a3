import type { BaseModel } from './base.ts';
import { findModel } from './find-model.ts';
import { type ForLatents, latentMisfit } from './for-latents.ts';
import type { ModelNoun } from './model-noun.ts';
import type { AnyFoundModel, RejectedModel } from './model.ts';

/** An autoencoder of its own, which a base model can be drawn with in place of its own. */
export interface VaeModel extends AnyFoundModel, ForLatents {
  readonly kind: 'vae';
  /** Latents of the denoiser are its latents times this; null where its files do not say. */
  readonly scalingFactor: number | null;
}

/** Why an autoencoder does not fit a base model, as a sentence with the facts of both; null where it fits. */
export function vaeMisfit(base: BaseModel, vae: VaeModel): string | null {
  const { scalingFactor } = vae;
  const isSame = scalingFactor === base.scalingFactor;
  const told = scalingFactor === null ? 'unsaid' : isSame ? 'fits' : 'is for others';
  const misfit = latentMisfit(base, vae, `The autoencoder ${vae.id}`, told);
  return misfit === null || vae.fits !== null || told !== 'is for others'
    ? misfit
    : `${misfit.slice(0, -1)} (${scalingFactor} and ${base.scalingFactor}).`;
}

export const vaeNoun = {
  noun: 'autoencoder',
  list: 'vaes',
  field: 'vae',
  misfit: vaeMisfit,
} as const satisfies ModelNoun<VaeModel>;

/** The autoencoders that are there, and what cannot be used. */
interface Vaes {
  readonly vaes: readonly VaeModel[];
  readonly rejected: readonly RejectedModel[];
}

/** The autoencoder of an id; `model_invalid` where its files were refused, else `unknown_model` with the choices. */
export function findVae({ vaes, rejected }: Vaes, id: string, field: string): VaeModel {
  return findModel(vaes, rejected, id, field, vaeNoun.noun);
}
