import type { JobKind } from '../../job-kind.ts';
import { storedForm } from '../../stored-json.ts';
import { type EffectiveUpscale, effectiveUpscale, upscaleView } from './effective.ts';
import type { UpscalePlan } from './plan.ts';

/** Pixels of an output that cost as much as a pixel of one step of drawing. */
const pixelsAStep = 8;

/** A picture from a picture: its only output. */
export const upscaleKind: JobKind<UpscalePlan, EffectiveUpscale> = {
  id: 'upscale',
  stored: storedForm('plan', { version: 1 }),
  setsPace: false,
  effective: effectiveUpscale,
  cost: ({ width, height }) => Math.ceil((width * height) / pixelsAStep),
  outputs: () => 1,
  outputSize: ({ width, height }) => ({ width, height }),
  outputsAreMapsOf: () => null,
  controls: () => [],
  sources: ({ image }) => [image],
  networks: () => [],
  showsPreviews: () => false,
  view: upscaleView,
};
