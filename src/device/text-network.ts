import { buildTextEncoder, type OnnxModel } from '../graph/compiler/index.ts';
import { stackIds, type Tensor } from '../numeric/tensor.ts';
import type { TextNetwork } from '../pipeline/conditioning/prompt-encoder.ts';
import type { SessionPool } from '../runtime/index.ts';
import type { TextEncoderPart } from '../weights/checkpoint.ts';
import { type NetworkDeltas, noDeltas } from './merged-loras.ts';
import { variantKey } from './network-variant.ts';

/** A text encoder of the base model of this key, with what adapters change of it, run through a pool of sessions. */
export function textNetwork(
  pool: SessionPool,
  key: string,
  part: TextEncoderPart,
  { deltas, into }: NetworkDeltas = noDeltas,
): TextNetwork {
  const network = `${key}/${part.name === 'text_encoder' ? 'text' : 'text_2'}`;
  const projects = part.config.projectionWidth !== null;
  return {
    encodeText: async (rows, clipSkip) => {
      const session = variantKey({ network, deltas, structure: { clipSkip }, lowering: 'cpu' });
      const build = (): OnnxModel => buildTextEncoder(into(part), { clipSkip });
      const out = await pool.use(session, build, async (one) => await one.run({ input_ids: stackIds(rows) }));
      return { context: out['context'] as Tensor, embeds: projects ? (out['embeds'] as Tensor) : null };
    },
  };
}
