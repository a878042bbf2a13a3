import type { BaseModel } from '../../src/generation/models/base.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import { stableDiffusionSchedule } from '../../src/weights/configs/stable-diffusion-schedule.ts';

/** What is known of a base model of Stable Diffusion 1.5, without its files. */
export const photoModel: BaseModel = {
  kind: 'base',
  distilled: null,
  task: 'drawing',
  id: 'photo',
  title: 'Photo',
  licence: null,
  owner: null,
  hash: 'abc',
  path: '/models',
  layout: 'diffusers',
  prediction: { type: 'epsilon', zeroSnr: false, decidedBy: 'family', source: 'its family', contradiction: null },
  family: { name: 'sd1', contextWidth: 768, latentChannels: 4, blockChannels: [320, 640], layersPerBlock: 2 },
  textLayers: 12,
  added: null,
  schedule: noiseScheduleFrom(stableDiffusionSchedule),
  latentScale: 8,
  featurePlaces: [],
  deepShares: [0.1, 0.2, 0.5],
  crossAttentions: [],
  scalingFactor: 0.18215,
  vae: null,
  defaults: { width: 512, height: 512, steps: 20, guidanceScale: 7, scheduler: 'unipc' },
};
