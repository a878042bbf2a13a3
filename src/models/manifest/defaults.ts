import { usualScheduler } from '../../schedulers/registry.ts';
import type { Manifest } from './manifest.ts';
import type { ModelDefaults } from '../../generation/model.ts';
import type { Family } from '../../graph/family.ts';

/**
 * What a request gets that leaves the size, steps, guidance and sampler open: the word of armature.json, else what is
 * usual for the family. `sampleSize` is the side of the latents that the network was trained on, an eighth of the picture's (config.json of a diffusers
 * folder).
 */
export function modelDefaults(manifest: Manifest | null, family: Family, sampleSize: number | null): ModelDefaults {
  const side = sampleSize === null ? sides[family.name] : Math.max(64, sampleSize * 8);
  return {
    width: manifest?.defaults?.width ?? side,
    height: manifest?.defaults?.height ?? side,
    steps: manifest?.defaults?.steps ?? 20,
    guidanceScale: manifest?.defaults?.guidance_scale ?? 7.5,
    scheduler: manifest?.defaults?.scheduler ?? usualScheduler,
  };
}

const sides = { sd1: 512, sd2: 768, sdxl: 1024, other: 512 } as const satisfies Record<Family['name'], number>;
