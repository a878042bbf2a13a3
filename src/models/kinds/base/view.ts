import { z } from 'zod';
import type { BaseModel } from '../../../generation/models/base.ts';
import { denoiserTasks } from '../../../graph/task.ts';
import { distillationIds } from '../../../schedulers/distillations.ts';
import { predictionTypes } from '../../../schedulers/prediction-type.ts';
import { commonFields, commonView } from '../contract/common-view.ts';
import { modelView } from '../contract/kind.ts';

export const baseView = modelView({
  list: 'base_models',
  component: 'Model',
  fields: {
    ...commonFields,
    default: z.boolean().describe('Whether requests that name no model get it'),
    refines: z
      .boolean()
      .describe('Whether it is a refiner of SDXL: that is named as refiner.model, or draws over init_image'),
    defaults: z
      .object({
        width: z.int(),
        height: z.int(),
        steps: z.int(),
        guidance_scale: z.number(),
        scheduler: z.string(),
      })
      .meta({ id: 'ModelDefaults' }),
    task: z
      .enum(denoiserTasks)
      .describe(
        'drawing: by a prompt. inpainting: it is shown what a mask says. editing: it changes init_image by words',
      ),
    embeds_guidance: z
      .boolean()
      .describe(
        'Whether guidance_scale is an input of its network, as of LCM: its steps cost as those without guidance, and a negative prompt has no effect',
      ),
    distilled: z
      .object({
        as: z.enum(distillationIds),
        decided_by: z.enum(['user', 'armature.json', 'config', 'marker']).describe('Who said so'),
        source: z.string().describe('Where it stands'),
      })
      .nullable()
      .describe('How it was made to draw in few steps, which its defaults follow; null where nobody says so')
      .meta({ id: 'Distilled' }),
    scaling_factor: z.number().describe("Latents of the denoiser are its autoencoder's times this"),
    vae: z.string().nullable().describe('The autoencoder of requests that name none; null: its own'),
    prediction: z
      .object({
        type: z.enum(predictionTypes),
        zero_snr: z.boolean().describe('Whether the last training timestep holds no signal'),
        decided_by: z
          .enum(['user', 'armature.json', 'config', 'marker', 'fingerprint', 'weights', 'family'])
          .describe('Who said so; weights and family: nobody, it was assumed'),
        source: z.string().describe('Where it stands'),
      })
      .describe('What its network predicts')
      .meta({ id: 'Prediction' }),
  },
  show: (base: BaseModel, { defaultModel }) => ({
    ...commonView(base),
    default: base.id === defaultModel,
    refines: base.added?.refines === true,
    defaults: {
      width: base.defaults.width,
      height: base.defaults.height,
      steps: base.defaults.steps,
      guidance_scale: base.defaults.guidanceScale,
      scheduler: base.defaults.scheduler,
    },
    task: base.task,
    embeds_guidance: base.embedsGuidance === true,
    distilled:
      base.distilled === null
        ? null
        : { as: base.distilled.as, decided_by: base.distilled.decidedBy, source: base.distilled.source },
    scaling_factor: base.scalingFactor,
    vae: base.vae,
    prediction: {
      type: base.prediction.type,
      zero_snr: base.prediction.zeroSnr,
      decided_by: base.prediction.decidedBy,
      source: base.prediction.source,
    },
  }),
});
