import type { Tensor } from '../../numeric/tensor.ts';
import { type Conditioning, isSequence } from './conditioning.ts';
import { emphasise } from './emphasise.ts';

/** What a chunk of a prompt means, and the weights of its tokens. */
export interface EncodedChunk {
  readonly conditioning: Conditioning;
  readonly weights: ArrayLike<number>;
}

/**
 * What a prompt in chunks means: sequences with their emphasis, one after the other, and of what is said of a text as a whole what its
 * first chunk says.
 */
export function joinChunks(chunks: readonly EncodedChunk[]): Conditioning {
  const [first] = chunks;
  const names = Object.entries(first?.conditioning ?? {});
  return Object.fromEntries(
    names.map(([name, tensor]) => {
      if (!isSequence(tensor.dims)) return [name, tensor];
      const parts = chunks.map(({ conditioning, weights }) => emphasise(conditioning[name] ?? tensor, weights));
      return [name, joined(parts)];
    }),
  );
}

function joined(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  const tokens = parts.reduce((sum, { dims }) => sum + (dims[0] ?? 0), 0);
  return { dims: [tokens, ...(first?.dims.slice(1) ?? [])], data };
}
