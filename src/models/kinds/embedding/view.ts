import { z } from 'zod';
import { embeddingFamily, type EmbeddingModel } from '../../../generation/models/embedding.ts';
import { modelView } from '../contract/kind.ts';

export const embeddingView = modelView({
  list: 'embeddings',
  says: 'Learned words of prompts (textual inversion)',
  component: 'Embedding',
  fields: {
    id: z.string(),
    title: z.string(),
    licence: z.string().nullable(),
    hash: z.string(),
    family: z.string().describe('sd1, sd2, sdxl or other, by the widths of its vectors'),
    vectors: z.int().describe('Positions of a prompt that it takes'),
    widths: z.array(z.int()).describe('Of its vectors, for each text encoder'),
    names: z.array(z.string()).describe('What prompts call it'),
  },
  show: (model: EmbeddingModel) => ({
    id: model.id,
    title: model.title,
    licence: model.licence,
    hash: model.hash,
    family: embeddingFamily(model),
    vectors: model.vectors,
    widths: [...model.widths],
    names: [...model.names],
  }),
});
