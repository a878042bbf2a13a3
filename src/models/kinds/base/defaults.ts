import { distillations } from '../../../schedulers/distillations.ts';
import { usualScheduler } from '../../../schedulers/registry.ts';
import type { BaseManifest, BaseTold } from './said.ts';
import type { ModelDefaults } from '../../../generation/models/base.ts';
import type { Family } from '../../../graph/family.ts';
import type { BaseCheckpoint } from '../../../weights/checkpoint.ts';
import type { Given } from '../contract/kind.ts';

/** What LCM's pipeline takes where guidance is an input of its network (diffusers). */
const usualGuidanceInput = 8.5;

/** What draws a model of which nobody says how it was distilled. */
const undistilled = { steps: { usual: 20 }, guidance: { usual: 7.5 }, scheduler: usualScheduler } as const;

/**
 * What a request gets that leaves the size, steps, guidance and sampler open: the user's word, else that of armature.json, else what models are drawn
 * with that were distilled so, or what is usual. `sampleSize` is the side of the latents that the network was trained on, an eighth of the picture's
 * (config.json of a diffusers folder).
 */
export function modelDefaults(
  { manifest, told }: Pick<Given, 'manifest' | 'told'>,
  family: Family,
  sampleSize: number | null,
  { distilled, unet }: Pick<BaseCheckpoint, 'distilled' | 'unet'>,
): ModelDefaults {
  const side = sampleSize === null ? sides[family.name] : Math.max(64, sampleSize * 8);
  const { defaults } = manifest as BaseManifest;
  const user = told as BaseTold;
  const usual = distilled === null ? undistilled : distillations[distilled.as];
  const guidance = unet.config.guidanceWidth === undefined ? usual.guidance.usual : usualGuidanceInput;
  return {
    width: defaults?.width ?? side,
    height: defaults?.height ?? side,
    steps: user.steps ?? defaults?.steps ?? usual.steps.usual,
    guidanceScale: user.guidance_scale ?? defaults?.guidance_scale ?? guidance,
    scheduler: user.scheduler ?? defaults?.scheduler ?? usual.scheduler,
  };
}

const sides = { sd1: 512, sd2: 768, sdxl: 1024, other: 512 } as const satisfies Record<Family['name'], number>;
