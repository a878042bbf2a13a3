import { z } from 'zod';
import type { AdapterModel } from '../../../generation/models/adapter.ts';
import { modelView } from '../contract/kind.ts';

export const adapterView = modelView({
  list: 'adapters',
  says: 'T2I-Adapters, which controls are given to as to ControlNets',
  component: 'Adapter',
  fields: {
    id: z.string(),
    title: z.string(),
    licence: z.string().nullable(),
    hash: z.string(),
    type: z.string().nullable().describe('Its condition; null where nobody has said it yet'),
    bundled_with: z.string().nullable().describe('Base model whose folder it came in'),
    cell: z.int().describe('Width and height of a picture have to be multiples of it'),
    features: z
      .array(z.object({ channels: z.int(), pixels: z.int() }))
      .describe('What it adds to each level of the UNet: channels, and pixels of the picture across and down a cell'),
  },
  show: ({ id, title, licence, hash, type, bundledWith, cell, features }: AdapterModel) => ({
    id,
    title,
    licence,
    hash,
    type,
    bundled_with: bundledWith,
    cell,
    features: features.map(({ channels, pixels }) => ({ channels, pixels })),
  }),
});
