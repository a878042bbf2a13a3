import { usualScheduler } from '../../../schedulers/registry.ts';
import type { BaseManifest } from './said.ts';
import type { ModelDefaults } from '../../../generation/models/base.ts';
import type { Family } from '../../../graph/family.ts';

/**
 * What a request gets that leaves the size, steps, guidance and sampler open: the word of armature.json, else what is
 * usual for the family. `sampleSize` is the side of the latents that the network was trained on, an eighth of the picture's (config.json of a diffusers
 * folder).
 */
export function modelDefaults({ defaults }: BaseManifest, family: Family, sampleSize: number | null): ModelDefaults {
  const side = sampleSize === null ? sides[family.name] : Math.max(64, sampleSize * 8);
  return {
    width: defaults?.width ?? side,
    height: defaults?.height ?? side,
    steps: defaults?.steps ?? 20,
    guidanceScale: defaults?.guidance_scale ?? 7.5,
    scheduler: defaults?.scheduler ?? usualScheduler,
  };
}

const sides = { sd1: 512, sd2: 768, sdxl: 1024, other: 512 } as const satisfies Record<Family['name'], number>;
