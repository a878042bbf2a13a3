import { findModel } from './find-model.ts';
import type { ModelNoun } from './model-noun.ts';
import type { AnyFoundModel, RejectedModel } from './model.ts';

/** A network that makes pictures larger. */
export interface UpscalerModel extends AnyFoundModel {
  readonly kind: 'upscaler';
  /** How many times as wide and as high; 1 leaves the size. */
  readonly scale: number;
}

/** The upscalers that are there, and what cannot be used. */
export interface UpscalerList {
  readonly upscalers: readonly UpscalerModel[];
  readonly rejected: readonly RejectedModel[];
}

/** The network of an id; `model_invalid` where its file was refused, else `unknown_model` with the choices. */
export function findUpscaler({ upscalers, rejected }: UpscalerList, id: string, field: string): UpscalerModel {
  return findModel(upscalers, rejected, id, field, upscalerNoun.noun);
}

export const upscalerNoun = {
  noun: 'upscaler',
  list: 'upscalers',
  field: 'upscaler',
} as const satisfies ModelNoun<UpscalerModel>;
