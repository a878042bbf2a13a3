import { z } from 'zod';
import { schedulerIds } from '../../schedulers/registry.ts';
import { scheduleIds } from '../../schedulers/schedules/registry.ts';
import { defaultLatentUpscaler, latentUpscalerIds } from '../upscalers/latent-upscaler.ts';
import { limits } from './limits.ts';
import { fieldOptions } from './request-fields.ts';
import { id, integer, real } from './scalars.ts';

/** A second pass at a larger size. */
export const hiresField = {
  hires: z
    .strictObject({
      scale: real(limits.hiresScale)
        .optional()
        .describe('How much larger both sides are, cut to multiples of 8; 2 by default')
        .register(fieldOptions, { flag: '--hires-scale <number>', says: 'draw again, so many times larger' }),
      width: integer(limits.width)
        .optional()
        .describe('Pixels, in place of scale; without height that follows')
        .register(fieldOptions, { flag: '--hires-width <pixels>', says: 'draw again at this width' }),
      height: integer(limits.height)
        .optional()
        .describe('Pixels, in place of scale; without width that follows')
        .register(fieldOptions, { flag: '--hires-height <pixels>', says: 'draw again at this height' }),
      upscaler: id
        .default(defaultLatentUpscaler)
        .describe(
          `What brings the first picture to that size: its latents, by ${latentUpscalerIds.slice(0, -1).join(', ')} or ${latentUpscalerIds.at(-1)}, or its pixels, by an upscaler: a kernel, or a network that GET /v1/models lists`,
        )
        .register(fieldOptions, {
          flag: '--hires-upscaler <id>',
          says: `what enlarges what was drawn: ${defaultLatentUpscaler} (default), latent_bicubic ..., lanczos, bicubic ... or a network`,
        }),
      steps: integer(limits.steps)
        .optional()
        .describe('Steps that are made, whatever the strength; those of the first pass by default')
        .register(fieldOptions, { flag: '--hires-steps <number>', says: 'steps of the second pass' }),
      strength: real(limits.strength)
        .default(0.7)
        .describe('How much noise is laid over the enlarged picture: the higher, the less is left of it')
        .register(fieldOptions, {
          flag: '--hires-strength <number>',
          says: 'how much is drawn anew in the second pass (default: 0.7)',
        }),
      scheduler: z
        .enum(schedulerIds)
        .optional()
        .describe("The sampler; the first pass's by default")
        .register(fieldOptions, { flag: '--hires-scheduler <id>', says: 'sampler of the second pass' }),
      schedule: z
        .enum(scheduleIds)
        .nullable()
        .optional()
        .describe("As of the first pass; that pass's by default where the scheduler is the same, else null")
        .register(fieldOptions, { flag: '--hires-schedule <id>', says: 'noise levels of the second pass' }),
      prompt: z
        .string()
        .max(limits.promptLength)
        .optional()
        .describe('What to draw in the second pass; the prompt by default, whose schedules then go on')
        .register(fieldOptions, { flag: '--hires-prompt <text>', says: 'prompt of the second pass' }),
      negative_prompt: z
        .string()
        .max(limits.promptLength)
        .optional()
        .describe('The same of the negative prompt')
        .register(fieldOptions, { flag: '--hires-negative <text>', says: 'negative prompt of the second pass' }),
      model: id
        .optional()
        .describe('Base model of the second pass, where another is wanted')
        .register(fieldOptions, { flag: '--hires-model <id>', says: 'base model of the second pass' }),
    })
    .optional()
    .describe(
      'What was drawn is brought to a larger size and drawn over: fine structure that the first size has no room for',
    )
    .meta({ id: 'Hires' }),
} as const;
