import { z } from 'zod';
import { foreignNames } from './foreign-names.ts';
import { limits } from './limits.ts';
import { noted } from './request-fields.ts';
import { id, real } from './scalars.ts';

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
  { foreign: foreignNames.lora },
);

export type LoraRequest = z.output<typeof loraRequest>;
