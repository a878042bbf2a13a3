import { z } from 'zod';
import { schedulerIds, schedulersWithChurn, schedulersWithEta } from '../../schedulers/registry.ts';
import { scheduleIds } from '../../schedulers/schedules/registry.ts';
import { limits } from './limits.ts';
import { fieldOptions } from './request-fields.ts';
import { integer, real } from './scalars.ts';

/** How noise becomes a picture: steps, guidance, the sampler and its levels. */
export const samplingFields = {
  steps: integer(limits.steps)
    .optional()
    .describe('Denoising steps')
    .register(fieldOptions, { flag: '--steps <number>', says: 'denoising steps' }),
  guidance_scale: real(limits.guidanceScale)
    .optional()
    .describe('How closely the prompt is followed; 1 switches classifier-free guidance off')
    .register(fieldOptions, { flag: '--guidance <number>', says: 'how closely the prompt is followed' }),
  guidance_rescale: real(limits.guidanceRescale)
    .default(0)
    .describe('Brings the contrast of guided outputs back (Lin et al. 2023, section 3.4); 0 is off')
    .register(fieldOptions, {
      flag: '--guidance-rescale <number>',
      says: 'brings the contrast of guided pictures back',
    }),
  guidance_start: real(limits.guidanceWindow)
    .default(0)
    .describe('Share of the steps after which guidance begins; a step without costs half')
    .register(fieldOptions, {
      flag: '--guidance-start <share>',
      says: 'share of the steps after which guidance begins (default: 0)',
    }),
  guidance_end: real(limits.guidanceWindow)
    .default(1)
    .describe('Share of the steps after which guidance ends; a step without costs half')
    .register(fieldOptions, {
      flag: '--guidance-end <share>',
      says: 'share of the steps after which guidance ends (default: 1)',
    }),
  token_merging: real(limits.tokenMerging)
    .default(0)
    .describe('Share of places that the model merges with others like them, in steps of 0.05')
    .register(fieldOptions, {
      flag: '--token-merging <share>',
      says: 'share of places that are merged with others like them: faster, less exact (default: 0)',
    }),
  deep_cache: z
    .strictObject({
      every: integer(limits.deepCacheEvery)
        .default(3)
        .describe('Steps from one at which the denoiser works out all of itself to the next')
        .register(fieldOptions, {
          flag: '--deep-cache <steps>',
          says: 'the denoiser works out its deep layers at every so many steps: faster, less exact',
        }),
      depth: integer(limits.deepCacheDepth)
        .default(0)
        .describe(
          "The skip connection of the UNet up to which it is worked out at the steps between, that of its first convolution being 0 (DeepCache's cache_branch_id)",
        )
        .register(fieldOptions, {
          flag: '--deep-cache-depth <number>',
          says: 'how much of it is worked out at the steps between (default: 0, the least)',
        }),
    })
    .optional()
    .describe('What the deep layers of the denoiser gave at one step is taken again at the next ones')
    .meta({ id: 'DeepCache' }),
  image_guidance_scale: real(limits.imageGuidanceScale)
    .optional()
    .describe(
      'How closely init_image is followed by models that change a picture by words (instruct-pix2pix); 1.5 by default. Refused with others',
    )
    .register(fieldOptions, {
      flag: '--image-guidance <number>',
      says: 'how closely --init-image is followed by models that change it by words (default: 1.5)',
    }),
  scheduler: z
    .enum(schedulerIds)
    .optional()
    .describe('The sampler')
    .register(fieldOptions, { flag: '--scheduler <id>', says: schedulerIds.join(', ') }),
  schedule: z
    .enum(scheduleIds)
    .nullable()
    .default(null)
    .describe("How the noise levels of the steps are laid out; null: as the model's own settings space them")
    .register(fieldOptions, { flag: '--schedule <id>', says: scheduleIds.join(', ') }),
  eta: real(limits.eta)
    .nullable()
    .default(null)
    .describe(
      `Share of fresh noise in each step of ${schedulersWithEta.join(', ')}, which other schedulers do not have; null: the scheduler's own`,
    )
    .register(fieldOptions, {
      flag: '--eta <number>',
      says: `share of fresh noise in each step of ${schedulersWithEta.join(', ')}`,
    }),
  s_churn: real(limits.sChurn)
    .default(0)
    .describe(
      `How much noise the steps of ${schedulersWithChurn.join(' and ')} add and take away again, in all of them together; other schedulers take 0 only`,
    )
    .register(fieldOptions, {
      flag: '--s-churn <number>',
      says: `noise that steps of ${schedulersWithChurn.join(' and ')} add and take away again`,
    }),
} as const;
