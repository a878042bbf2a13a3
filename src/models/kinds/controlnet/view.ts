import { z } from 'zod';
import { type ControlNetModel, typesOf } from '../../../generation/models/controlnet.ts';
import { commonFields, commonView } from '../contract/common-view.ts';
import { modelView } from '../contract/kind.ts';

export const controlNetView = modelView({
  list: 'controlnets',
  component: 'ControlNet',
  fields: {
    ...commonFields,
    type: z.string().nullable().describe('Its condition; null where nobody has said it yet, and of a union'),
    types: z.array(z.string()).describe('Conditions that it is known to take: those of a union, or its type'),
    changes: z
      .enum(['control-LoRA', 'difference'])
      .nullable()
      .describe("How it changes a base model's own weights; null where all weights are its own"),
    bundled_with: z.string().nullable().describe('Base model whose folder it came in'),
  },
  show: (model: ControlNetModel) => ({
    ...commonView(model),
    type: model.type,
    types: [...(typesOf(model) ?? [])],
    changes: model.changes,
    bundled_with: model.bundledWith,
  }),
});
