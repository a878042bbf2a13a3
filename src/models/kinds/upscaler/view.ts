import { z } from 'zod';
import type { UpscalerModel } from '../../../generation/models/upscaler.ts';
import { modelView } from '../contract/kind.ts';

export const upscalerView = modelView({
  list: 'upscalers',
  says: 'Networks that make pictures larger; kernels are there without them',
  component: 'Upscaler',
  fields: {
    id: z.string(),
    title: z.string(),
    licence: z.string().nullable(),
    hash: z.string(),
    scale: z.number().describe('How many times as wide and as high; 1 leaves the size'),
  },
  show: ({ id, title, licence, hash, scale }: UpscalerModel) => ({ id, title, licence, hash, scale }),
});
