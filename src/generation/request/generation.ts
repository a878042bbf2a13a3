import { z } from 'zod';
import { type ControlRequest, controlRequest } from './controls.ts';
import { autoencoderFields } from './autoencoder.ts';
import { drawnOverFields } from './drawn-over.ts';
import { foreignGenerationNames } from './foreign-names.ts';
import { hiresField } from './hires.ts';
import { jobFields } from './job.ts';
import { limits } from './limits.ts';
import { loraRequest } from './loras.ts';
import { obedienceFields } from './obedience.ts';
import { generationOutputRequest } from './output.ts';
import { clipSkipField, promptFields } from './prompt.ts';
import { refinerFields } from './refiner.ts';
import { fieldOptions, noted } from './request-fields.ts';
import { samplingFields } from './sampling.ts';
import { previewField } from './preview.ts';
import { id } from './scalars.ts';
import { seedFields, variationField } from './seeds.ts';
import { sizeFields } from './size.ts';

/** A field stands in the file of its theme; here is their order, which documents and the help of commands follow. */
const generationFields = {
  model: id.optional().describe('Base model: an id that GET /v1/models lists'),
  ...promptFields,
  ...sizeFields,
  ...samplingFields,
  ...seedFields,
  ...clipSkipField,
  ...drawnOverFields,
  ...hiresField,
  ...refinerFields,
  ...variationField,
  controls: z.array(controlRequest).max(limits.controls).default([]).describe('Pictures that fix the structure'),
  loras: z
    .array(loraRequest)
    .max(limits.loras)
    .default([])
    .describe("Adapters of the model's weights, each named once; their order does not matter")
    .register(fieldOptions, {
      flag: '--lora <id[:scale[:te]]>',
      says: 'a LoRA, how strongly it acts (default: 1) and how strongly on the text encoder (default: the same); repeatable',
    }),
  ...autoencoderFields,
  ...obedienceFields,
  ...previewField,
  output: generationOutputRequest.prefault({}).describe('How the outputs are encoded'),
  ...jobFields,
};

/** The body of POST /v1/generations: what works in this version and nothing else. */
export const generationRequest = noted(
  z.strictObject(generationFields).describe('What is to be drawn').meta({ id: 'GenerationRequest' }),
  {
    foreign: foreignGenerationNames,
  },
);

export type GenerationRequest = Omit<z.output<typeof generationRequest>, 'controls'> & {
  readonly controls: readonly ControlRequest[];
};
