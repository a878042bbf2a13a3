import { z } from 'zod';
import { loraFamily, type LoraModel } from '../../../generation/models/lora.ts';
import { distillationIds } from '../../../schedulers/distillations.ts';
import { modelView } from '../contract/kind.ts';

export const loraView = modelView({
  list: 'loras',
  says: 'Adapters of weights: LoRAs and their relatives',
  component: 'Lora',
  fields: {
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
    distilled: z
      .enum(distillationIds)
      .nullable()
      .describe('How it makes a model draw in few steps, which requests with it follow; null where nobody says so'),
    names: z.array(z.string()).describe('What else it is called: its file, its title, its trainer'),
  },
  show: (model: LoraModel) => ({
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
    distilled: model.distilled ?? null,
    names: [...model.names],
  }),
});
