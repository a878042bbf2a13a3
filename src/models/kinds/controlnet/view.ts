import { z } from 'zod';
import type { ControlNetModel } from '../../../generation/models/controlnet.ts';
import { commonFields, commonView } from '../contract/common-view.ts';
import { modelView } from '../contract/kind.ts';

export const controlNetView = modelView({
  list: 'controlnets',
  component: 'ControlNet',
  fields: {
    ...commonFields,
    type: z.string().nullable().describe('Its condition; null where nobody has said it yet'),
    bundled_with: z.string().nullable().describe('Base model whose folder it came in'),
  },
  show: (model: ControlNetModel) => ({ ...commonView(model), type: model.type, bundled_with: model.bundledWith }),
});
