import { ArmatureError } from '../../errors.ts';
import type { OnnxModel } from '../../graph/compiler/index.ts';
import type { NetworkPart } from '../../graph/weights.ts';

/** Tensors of real checkpoints that no network draws with, whatever stands before them. */
const harmless: readonly RegExp[] = [
  // Counts from 0, in some number format.
  /(?:^|\.)position_ids$/,
  // What belongs to training: averages of weights, the optimizer, losses, counters.
  /(?:^|\.)(?:model_ema|ema|optimizers?|optimizer_states?|lr_schedulers?|loss|callbacks)\./,
  /^(?:global_step|epoch|iteration|step|num_updates)$/,
  // The noise schedule, which follows from its two ends.
  /^(?:betas|(?:sqrt_|log_)?(?:one_minus_|recip_|recipm1_)?alphas_cumprod(?:_prev)?|posterior_(?:variance|log_variance_clipped|mean_coef[12])|logvar|lvlb_weights|scale_factor|denoiser\.sigmas)$/,
  // Read before: they say what the network predicts.
  /^(?:model\.(?:diffusion_model\.)?)?(?:v_pred|ztsnr)$/,
  // Says that weights of 8 bits have scales.
  /(?:^|\.)scaled_fp8$/,
  // Halves and ends of CLIP that serve to compare texts with pictures.
  /(?:^|\.)(?:logit_scale|text_projection(?:\.weight)?|visual_projection\.weight|attn_mask)$/,
  /(?:^|\.)(?:vision_model|visual|safety_checker)\./,
];

export function isHarmless(tensor: string): boolean {
  return harmless.some((pattern) => pattern.test(tensor));
}

/**
 * Makes sure that no weight of a part is left over once its networks are built: it would change the picture, and it would
 * be missed without a word. `expected` are names that may be left over in this part.
 */
export function refuseLeftovers(
  { weights }: NetworkPart<unknown>,
  networks: readonly OnnxModel[],
  model: string,
  expected: RegExp | null = null,
): void {
  const used = new Set(networks.flatMap((network) => network.weights));
  for (const [name, { tensor = name }] of weights) {
    if (used.has(name) || isHarmless(name) || expected?.test(name) === true) continue;
    throw leftover(tensor, model);
  }
}

/** For a tensor that no network takes in. */
export function leftover(tensor: string, model: string): ArmatureError {
  return new ArmatureError(
    'not_supported_yet',
    `${model} has a tensor ${tensor}, which networks as they are built here have no use for: it would be drawn wrongly without it.`,
  );
}
