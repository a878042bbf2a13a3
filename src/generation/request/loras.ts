import { z } from 'zod';
import { called, named } from './foreign-names.ts';
import { limits } from './limits.ts';
import { noted } from './request-fields.ts';
import { id, real } from './scalars.ts';

const foreignNames = new Map<string, string>([
  ...named(['name', 'path', 'id', 'lora', 'lora_name', 'adapter', 'adapter_name', 'model_name'], called('model')),
  ...named(
    ['weight', 'strength', 'multiplier', 'strength_model', 'lora_scale', 'unet_scale', 'adapter_weights'],
    called('scale'),
  ),
  ...named(
    ['strength_clip', 'clip_strength', 'te_scale', 'te_weight', 'clip_scale', 'text_encoder_weight'],
    called('text_encoder_scale'),
  ),
]);

/** An adapter of the model's weights, and how strongly it acts. */
export const loraRequest = noted(
  z
    .strictObject({
      model: id.describe('LoRA: an id that GET /v1/models lists'),
      scale: real(limits.loraScale)
        .default(1)
        .describe('How strongly it acts; below 0 it does the opposite, with 0 it does not act'),
      text_encoder_scale: real(limits.loraScale)
        .optional()
        .describe('The same for what it changes of the text encoder; as scale by default'),
    })
    .describe('A LoRA or one of its relatives, and how strongly it acts')
    .meta({ id: 'LoraUse' }),
  { foreign: foreignNames },
);

export type LoraRequest = z.output<typeof loraRequest>;
