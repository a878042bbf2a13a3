import { z } from 'zod';
import { misfit, type ModelList } from '../../generation/catalog.ts';
import { loraFamily, loraMisfit } from '../../generation/loras.ts';
import type { AnnotatorModel } from '../../models/kinds/annotator.ts';
import { predictionTypes } from '../../schedulers/prediction-type.ts';
import type { Family } from '../../graph/family.ts';

const family = z
  .object({
    name: z.enum(['sd1', 'sd2', 'sdxl', 'other']),
    context_width: z.int(),
    latent_channels: z.int(),
    block_channels: z.array(z.int()),
    layers_per_block: z.int(),
  })
  .meta({ id: 'Family' });

const common = { id: z.string(), title: z.string(), licence: z.string().nullable(), hash: z.string(), family };

const baseModel = z
  .object({
    ...common,
    default: z.boolean().describe('Whether requests that name no model get it'),
    defaults: z
      .object({
        width: z.int(),
        height: z.int(),
        steps: z.int(),
        guidance_scale: z.number(),
        scheduler: z.string(),
      })
      .meta({ id: 'ModelDefaults' }),
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
    controlnets: z.array(z.string()).describe('Ids of the ControlNets that fit it'),
    loras: z.array(z.string()).describe('Ids of the LoRAs that fit it'),
  })
  .meta({ id: 'Model' });

const controlNet = z
  .object({
    ...common,
    type: z.string().nullable().describe('Its condition; null where nobody has said it yet'),
    bundled_with: z.string().nullable().describe('Base model whose folder it came in'),
    base_models: z.array(z.string()).describe('Ids of the base models that it fits'),
  })
  .meta({ id: 'ControlNet' });

const lora = z
  .object({
    id: z.string(),
    title: z.string(),
    licence: z.string().nullable(),
    hash: z.string(),
    family: z.string().describe('sd1, sd2, sdxl, other, or ? where its layers do not tell'),
    context_width: z.int().nullable().describe('Width of the text that its UNet looks at; null where no layer tells'),
    methods: z.array(z.string()).describe('Such as LoRA, LoHa, LoKr, DoRA, (IA)^3, OFT, full, norm'),
    layers: z.int(),
    rank: z.int().nullable().describe('The largest of its layers'),
    trigger_words: z.array(z.string()).describe('From its metadata: its trigger phrase, or its most frequent tags'),
    names: z.array(z.string()).describe('What else it is called: its file, its title, its trainer'),
    base_models: z.array(z.string()).describe('Ids of the base models that it fits'),
  })
  .meta({ id: 'Lora' });

const annotator = z
  .object({
    id: z.string(),
    title: z.string(),
    licence: z.string().nullable(),
    conditions: z.array(z.string()).describe('Which it makes maps of; empty where nobody has said it'),
    option: z
      .string()
      .nullable()
      .describe('Value of the option `network` that chooses it; null where the condition leaves no choice'),
    bundled: z.boolean().describe('Whether it comes with the package'),
    state: z.enum(['present', 'missing']),
    pull: z.string().nullable().describe('The command that brings it; null where there is none to bring'),
  })
  .meta({ id: 'Annotator' });

export const modelListSchema = z
  .object({
    base_models: z.array(baseModel),
    controlnets: z.array(controlNet),
    loras: z.array(lora).describe('Adapters of weights: LoRAs and their relatives'),
    annotators: z
      .array(annotator)
      .describe('Networks that make maps: those that are there, and those that can be pulled'),
    rejected: z
      .array(z.object({ id: z.string(), code: z.string(), detail: z.string() }).meta({ id: 'RejectedModel' }))
      .describe('What looks like a model and cannot be used, and why'),
  })
  .meta({ id: 'ModelList' });

export type ModelListView = z.output<typeof modelListSchema>;

/** All models, each with those of the other kind that it fits, and all annotators. */
export function modelListView(
  { bases, controlNets, loras, rejected }: ModelList,
  annotators: readonly AnnotatorModel[],
  defaultModel: string,
): ModelListView {
  return {
    base_models: bases.map((base) => ({
      ...commonView(base),
      default: base.id === defaultModel,
      defaults: {
        width: base.defaults.width,
        height: base.defaults.height,
        steps: base.defaults.steps,
        guidance_scale: base.defaults.guidanceScale,
        scheduler: base.defaults.scheduler,
      },
      prediction: {
        type: base.prediction.type,
        zero_snr: base.prediction.zeroSnr,
        decided_by: base.prediction.decidedBy,
        source: base.prediction.source,
      },
      controlnets: controlNets.filter((model) => misfit(base, model) === null).map(({ id }) => id),
      loras: loras.filter((model) => loraMisfit(base, model) === null).map(({ id }) => id),
    })),
    controlnets: controlNets.map((model) => ({
      ...commonView(model),
      type: model.type,
      bundled_with: model.bundledWith,
      base_models: bases.filter((base) => misfit(base, model) === null).map(({ id }) => id),
    })),
    loras: loras.map((model) => ({
      id: model.id,
      title: model.title,
      licence: model.licence,
      hash: model.hash,
      family: loraFamily(model),
      context_width: model.fits.contextWidth,
      methods: [...model.methods],
      layers: model.layers,
      rank: model.rank,
      trigger_words: [...model.triggerWords],
      names: [...model.names],
      base_models: bases.filter((base) => loraMisfit(base, model) === null).map(({ id }) => id),
    })),
    annotators: annotators.map(({ id, title, licence, conditions, option, bundled, state, pull }) => ({
      id,
      title,
      licence,
      conditions: [...conditions],
      option,
      bundled,
      state,
      pull,
    })),
    rejected: rejected.map(({ id, code, detail }) => ({ id, code, detail })),
  };
}

interface Common {
  readonly id: string;
  readonly title: string;
  readonly licence: string | null;
  readonly hash: string;
  readonly family: Family;
}

function commonView({ id, title, licence, hash, family: facts }: Common) {
  return {
    id,
    title,
    licence,
    hash,
    family: {
      name: facts.name,
      context_width: facts.contextWidth,
      latent_channels: facts.latentChannels,
      block_channels: [...facts.blockChannels],
      layers_per_block: facts.layersPerBlock,
    },
  };
}
