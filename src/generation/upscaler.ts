import { pixelUpscaler, pixelUpscalerIds } from '../pixels/upscalers/registry.ts';
import { findModel } from './models/find-model.ts';
import { type UpscalerList, upscalerNoun } from './models/upscaler.ts';
import type { PlannedUpscaler } from './plan.ts';

/**
 * The upscaler of an id that a request names at `field`: a kernel, or one of the networks that are there. Throws `unknown_model` with the
 * choices, `model_invalid` for a network whose file was refused.
 */
export function resolveUpscaler(id: string, field: string, { upscalers, rejected }: UpscalerList): PlannedUpscaler {
  if (pixelUpscaler(id) !== undefined) return { id, model: null };
  const known = [...pixelUpscalerIds.map((kernel) => ({ id: kernel, hash: '' })), ...upscalers];
  const { hash } = findModel(known, rejected, id, field, upscalerNoun.noun);
  return { id, model: { id, hash } };
}
