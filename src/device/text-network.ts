import { branchShapes, buildTextEncoder, networks, type OnnxModel } from '../graph/compiler/index.ts';
import { type IntegerTensor, stackIds, type Tensor, zeros } from '../numeric/tensor.ts';
import type { PlacedVector } from '../pipeline/conditioning/learned-word.ts';
import type { TextNetwork } from '../pipeline/conditioning/prompt-encoder.ts';
import type { SessionPool } from '../runtime/index.ts';
import type { TextEncoderPart } from '../weights/checkpoint.ts';
import { Branches } from './branches.ts';
import { type NetworkDeltas, noDeltas } from './merged-loras.ts';
import { variantKey } from './network-variant.ts';

/** A text encoder of the base model of this key, with what adapters change of it, run through a pool of sessions. */
export function textNetwork(
  pool: SessionPool,
  key: string,
  part: TextEncoderPart,
  { deltas, into, branches: acting }: NetworkDeltas = noDeltas,
  branches = new Branches(pool),
): TextNetwork {
  const network = `${key}/${part.name === 'text_encoder' ? 'text' : 'text_2'}`;
  const own = acting.map(({ branch, scale }) => branches.open(branch, scale));
  const projects = part.config.projectionWidth !== null;
  return {
    encodeText: async (rows, clipSkip, vectors = []) => {
      const ids = stackIds(rows);
      // Texts without learned words run the network that has no place for any.
      const learned = vectors.some((row) => row.length > 0);
      const beside = own.length > 0;
      const structure = { clipSkip, ...(learned ? { learned } : {}), ...(beside ? { branches: 'all' as const } : {}) };
      const session = variantKey({ network, deltas, structure, lowering: 'cpu' });
      const options = { clipSkip, learned, branches: beside };
      const build = (): OnnxModel => buildTextEncoder(into(part), options);
      const feeds = {
        input_ids: ids,
        ...(learned ? learnedFeeds(vectors, ids, part.config.hiddenSize) : {}),
        ...(beside
          ? await branches.feeds(
              branchShapes(networks.textEncoder(part, options)),
              rows.map(() => own),
            )
          : {}),
      };
      const out = await pool.use(session, build, async (one) => await one.run(feeds));
      return { context: out['context'] as Tensor, embeds: projects ? (out['embeds'] as Tensor) : null };
    },
  };
}

/** The vectors of rows of tokens at their positions, and where they stand. */
function learnedFeeds(
  rows: readonly (readonly PlacedVector[])[],
  { dims }: IntegerTensor,
  width: number,
): { readonly learned: Tensor; readonly is_learned: IntegerTensor } {
  const [count = 0, length = 0] = dims;
  const learned = zeros([count, length, width]);
  const places = new Int32Array(count * length);
  rows.forEach((row, index) => {
    for (const { position, vector } of row) {
      learned.data.set(vector, (index * length + position) * width);
      places[index * length + position] = 1;
    }
  });
  return { learned, is_learned: { dims, data: places } };
}
