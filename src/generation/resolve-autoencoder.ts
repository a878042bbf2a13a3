import { ArmatureError } from '../errors.ts';
import type { BaseModel } from './models/base.ts';
import { howToTell } from './models/for-latents.ts';
import { type ModelList, refuseOtherKinds } from './models/model-list.ts';
import { fittingTaesd, taesdMisfit } from './models/taesd.ts';
import { findVae, vaeMisfit, vaeNoun } from './models/vae.ts';
import type { GenerationPlan } from './plan.ts';
import type { GenerationRequest } from './request/generation.ts';

/**
 * Settles what brings the pictures of a request to latents and back. `unknown_model` for an autoencoder that is none, `incompatible_autoencoder`
 * for one that does not fit `base`, and where no TAESD that is there is said to.
 */
export function resolveAutoencoder(
  { vae: named, decoder }: Pick<GenerationRequest, 'vae' | 'decoder'>,
  base: BaseModel,
  models: ModelList,
): Pick<GenerationPlan, 'vae' | 'taesd'> {
  const id = named ?? base.vae ?? base.id;
  return {
    ...(id === base.id ? {} : { vae: fittingVae(id, base, models, named !== undefined) }),
    ...(decoder === 'vae' ? {} : { taesd: requireTaesd(base, models) }),
  };
}

function fittingVae(id: string, base: BaseModel, models: ModelList, isAsked: boolean) {
  const field = isAsked ? 'vae' : 'model';
  refuseOtherKinds(vaeNoun, id, models, field);
  const vae = findVae(models, id, field);
  const misfit = vaeMisfit(base, vae);
  if (misfit === null) return { id, hash: vae.hash };
  const fitting = models.vaes.filter((one) => vaeMisfit(base, one) === null).map((one) => one.id);
  const isUntold = vae.fits === null && vae.scalingFactor === null;
  const hint = isUntold ? howToTell(id, base) : whatFits(fitting);
  const set = isAsked ? '' : ` The model ${base.id} is set to it.`;
  throw new ArmatureError('incompatible_autoencoder', `${misfit} ${hint}${set}`, {
    field,
    choices: [...fitting, base.id],
  });
}

function whatFits(ids: readonly string[]): string {
  return ids.length === 0
    ? 'Only its own is here that fits it.'
    : `Those that fit it: ${ids.slice(0, mostNamed).join(', ')}.`;
}

/** Models that a message names. */
const mostNamed = 5;

function requireTaesd(base: BaseModel, models: ModelList) {
  const taesd = fittingTaesd(base, models);
  if (taesd !== null) return { id: taesd.id, hash: taesd.hash };
  // One that is there and is untold may be the right one.
  const [first] = models.taesds;
  const hint =
    first === undefined
      ? 'There is none at all: armature models pull taesd brings that of Stable Diffusion 1.x and 2.x.'
      : `${taesdMisfit(base, first)} ${howToTell(first.id, base)}`;
  const detail = `Expected a TAESD that is said to fit the base model ${base.id}, as decoder "taesd" needs. ${hint}`;
  throw new ArmatureError('incompatible_autoencoder', detail, { field: 'decoder', choices: ['vae'] });
}
