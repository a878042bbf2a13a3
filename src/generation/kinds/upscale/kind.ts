import type { JobKind } from '../../job-kind.ts';
import { storedForm } from '../../stored-json.ts';
import { type EffectiveUpscale, effectiveUpscale, upscaleView } from './effective.ts';
import type { UpscalePlan } from './plan.ts';

/** A picture from a picture: its only output. */
export const upscaleKind: JobKind<UpscalePlan, EffectiveUpscale> = {
  id: 'upscale',
  stored: storedForm('plan', { version: 1 }),
  setsPace: false,
  lane: 'pictures',
  effective: effectiveUpscale,
  cost: ({ cost }) => cost,
  outputs: () => 1,
  outputSize: ({ width, height }) => ({ width, height }),
  outputsAreMapsOf: () => null,
  controls: () => [],
  sources: ({ image }) => [image],
  networks: () => [],
  showsPreviews: () => false,
  view: upscaleView,
};
