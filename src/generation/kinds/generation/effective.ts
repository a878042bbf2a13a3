import { z } from 'zod';
import { resizeModes } from '../../../pixels/resize-mode.ts';
import { promptSyntaxes } from '../../../prompt/syntax.ts';
import { schedulerIds } from '../../../schedulers/registry.ts';
import { ownEta, scheduleOf } from '../../../schedulers/create-scheduler.ts';
import { scheduleIds } from '../../../schedulers/schedules/registry.ts';
import { effectiveOutput, outputView } from '../../effective-output.ts';
import type { GenerationPlan } from '../../plan.ts';
import type { PlannedMask } from '../../planned-init.ts';
import { decoders, inpaintAreas, maskChannels, maskFills, maskModes, tilingAxes } from '../../request/choices.ts';
import { passesOf } from '../../passes.ts';
import { negativePromptOf, promptOf } from '../../prompts.ts';
import { tilingView } from '../../resolve-tiling.ts';
import { modelReference, sha256, variationView } from '../../references.ts';
import { effectiveEmbedding, embeddingView } from './effective-embedding.ts';
import { effectiveLora, loraView } from './effective-lora.ts';
import { addedView, effectiveAdded } from './effective-added.ts';
import { controlView, effectiveControl } from './effective-control.ts';
import { effectiveHires, hiresView } from './effective-hires.ts';
import { effectiveRefiner, effectiveScores, refinerView, scoresView } from './effective-refiner.ts';
import { readPromptView, viewOfPrompt } from './read-view.ts';

export const effectiveGeneration = z
  .object({
    model: modelReference,
    prompt: z.string(),
    negative_prompt: z.string().nullable().describe('null: none, and the model takes zeros in its place'),
    ...effectiveAdded,
    prompt_syntax: z.enum(promptSyntaxes),
    read_as: z
      .object({ prompt: readPromptView, negative_prompt: readPromptView })
      .nullable()
      .describe('How the prompts were read; null where they are plain text'),
    width: z.int(),
    height: z.int(),
    steps: z.int(),
    run: z
      .object({ steps: z.int(), evaluations: z.int() })
      .describe('What the sampler makes of the steps, and how often it asks the network, for one picture'),
    guidance_scale: z.number(),
    guidance_rescale: z.number(),
    guidance_start: z.number(),
    guidance_end: z.number().describe('Guidance acted between these shares of the steps'),
    token_merging: z.number(),
    deep_cache: z
      .object({ every: z.int(), depth: z.int() })
      .nullable()
      .describe('null: all of the denoiser was worked out at every step'),
    image_guidance_scale: z.number().nullable().describe('null: the model edits no picture'),
    scheduler: z.enum(schedulerIds),
    schedule: z.enum(scheduleIds).nullable().describe('null: the noise levels were spaced as the model says'),
    eta: z.number(),
    s_churn: z.number(),
    seed: z.int(),
    count: z.int(),
    clip_skip: z.int(),
    tiling: z.union([z.boolean(), z.enum(tilingAxes)]),
    init_image: z
      .object({ sha256 })
      .nullable()
      .describe('What was drawn over; null where drawing began with noise alone'),
    init_resize: z.enum(resizeModes).nullable(),
    strength: z.number().nullable(),
    mask_image: z
      .object({ sha256 })
      .nullable()
      .describe('Which part was drawn anew; null where all of it was, or what lies beyond its sides alone'),
    mask_mode: z.enum(maskModes).nullable(),
    mask_channel: z.enum(maskChannels).nullable(),
    mask_blur: z.number().nullable(),
    inpaint: z
      .object({
        area: z.enum(inpaintAreas),
        padding: z.int(),
        fill: z.enum(maskFills).nullable().describe('null: drawing began with noise alone'),
      })
      .nullable(),
    extend: z
      .object({
        left: z.int(),
        top: z.int(),
        right: z.int(),
        bottom: z.int(),
        over: z.object({ width: z.int(), height: z.int() }).describe('The size that init_image was brought to before'),
      })
      .nullable()
      .describe('Pixels that were drawn beyond the sides of init_image; null where none were'),
    hires: effectiveHires.nullable().describe('The second pass; null where there was none'),
    refiner: effectiveRefiner.nullable(),
    ...effectiveScores,
    variation: variationView.nullable(),
    controls: z.array(effectiveControl),
    loras: z.array(effectiveLora),
    embeddings: z.array(effectiveEmbedding).describe('Learned words that the prompts hold'),
    vae: modelReference
      .nullable()
      .describe("What brought pictures to latents and back; null: the model's own autoencoder"),
    decoder: z
      .object({ name: z.enum(decoders), model: modelReference.nullable() })
      .describe('What made pictures of the latents; model: the TAESD, null where the autoencoder did'),
    preview: z.object({ every: z.int() }).nullable().describe('Whether its pictures could be watched on their way'),
    strict: z.boolean(),
    evaluate: z.boolean(),
    best_of: z.int(),
    output: effectiveOutput.extend({
      metadata: z.boolean().describe('Whether the files carry the parameters as text'),
    }),
  })
  .meta({ id: 'EffectiveGeneration' });

export type EffectiveGeneration = z.output<typeof effectiveGeneration>;

export function generationView(plan: GenerationPlan, mapUrl: (control: number) => string | null): EffectiveGeneration {
  return {
    model: { ...plan.model },
    prompt: plan.prompt,
    negative_prompt: plan.added?.zeroNegative === true ? null : plan.negativePrompt,
    ...addedView(plan),
    prompt_syntax: plan.promptSyntax,
    read_as: readView(plan),
    width: plan.width,
    height: plan.height,
    steps: plan.steps,
    run: { ...plan.run },
    guidance_scale: plan.guidanceScale,
    guidance_rescale: plan.guidanceRescale,
    guidance_start: plan.guidanceWindow?.start ?? 0,
    guidance_end: plan.guidanceWindow?.end ?? 1,
    token_merging: plan.tokenMerging ?? 0,
    deep_cache: plan.deepCache === undefined ? null : { every: plan.deepCache.every, depth: plan.deepCache.depth },
    image_guidance_scale: plan.imageGuidanceScale ?? null,
    scheduler: plan.scheduler,
    schedule: scheduleOf(plan.scheduler, plan.schedule),
    eta: plan.eta ?? etaUnasked(plan),
    s_churn: plan.sChurn,
    seed: plan.seed,
    count: plan.count,
    clip_skip: plan.clipSkip,
    tiling: tilingView(plan.tiling),
    init_image: plan.init === undefined ? null : { sha256: plan.init.image.sha256 },
    init_resize: plan.init?.resize ?? null,
    strength: plan.imageGuidanceScale === undefined ? (plan.init?.strength ?? null) : null,
    ...maskView(plan.init?.mask),
    hires: hiresView(plan),
    refiner: refinerView(plan),
    ...scoresView(plan),
    variation: plan.variation === undefined ? null : { ...plan.variation },
    controls: plan.controls.map((control, index) => controlView(control, mapUrl(index))),
    loras: (plan.loras ?? []).map(loraView),
    embeddings: (plan.embeddings ?? []).map(embeddingView),
    vae: plan.vae === undefined ? null : { ...plan.vae },
    decoder: plan.taesd === undefined ? { name: 'vae', model: null } : { name: 'taesd', model: { ...plan.taesd } },
    preview: plan.preview === undefined ? null : { ...plan.preview },
    strict: plan.strict,
    evaluate: plan.evaluate,
    best_of: plan.bestOf,
    output: { ...outputView(plan.output), metadata: plan.output.metadata },
  };
}

/** Plans from before samplers had an eta of their own go on to say 0. */
function etaUnasked({ scheduler, sdeNoise }: GenerationPlan): number {
  return sdeNoise === 'drawn' ? 0 : ownEta(scheduler);
}

function readView(plan: GenerationPlan): EffectiveGeneration['read_as'] {
  const [pass] = passesOf(plan);
  if (plan.promptSyntax === 'plain' || pass === undefined) return null;
  return {
    prompt: viewOfPrompt(promptOf(plan), pass.reading.prompt.steps),
    negative_prompt: viewOfPrompt(negativePromptOf(plan), pass.reading.negative.steps),
  };
}

function maskView(mask: PlannedMask | undefined) {
  if (mask === undefined) {
    return { mask_image: null, mask_mode: null, mask_channel: null, mask_blur: null, inpaint: null, extend: null };
  }
  const { image, extend, mode, channel, blur, area, padding, fill } = mask;
  return {
    mask_image: image === undefined ? null : { sha256: image.sha256 },
    mask_mode: mode,
    mask_channel: image === undefined ? null : channel,
    mask_blur: blur,
    inpaint: { area, padding, fill },
    extend: extend === undefined ? null : { ...extend, over: { ...extend.over } },
  };
}
