import { embeddingFamily, type EmbeddingModel, embeddingNoun } from '../../../generation/models/embedding.ts';
import { isEmbedding } from '../../../weights/embeddings/embedding-file.ts';
import type { FoundKind } from '../contract/kind.ts';
import { embeddingView } from './view.ts';

export const embeddingKind: FoundKind<EmbeddingModel> = {
  ...embeddingNoun,
  id: 'embedding',
  heads: ['EMBEDDING', 'FAMILY', 'VECTORS', 'IN PROMPTS', 'LICENCE'],
  cells: (model: EmbeddingModel) => [
    model.id,
    embeddingFamily(model),
    String(model.vectors),
    model.names.join(', '),
    model.licence ?? 'unknown',
  ],
  facts: (model: EmbeddingModel) => [
    ['title', model.title],
    ['licence', model.licence ?? 'unknown'],
    ['family', embeddingFamily(model)],
    ['hash', model.hash],
    ['vectors', String(model.vectors)],
    ['widths', model.widths.join(', ')],
    ['in prompts', model.names.join(', ')],
  ],
  view: embeddingView,
  holds: isEmbedding,
  inspect: async (path, given, file) => await (await import('./inspect.ts')).inspectEmbedding(path, given, file),
};
