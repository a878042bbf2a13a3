import { describe, expect, it } from 'vitest';
import type { WeightRef, Weights } from '../../src/graph/weights.ts';
import { inferTextEncoderConfig } from '../../src/weights/configs/infer.ts';

const ref = (shape: readonly number[]): WeightRef => ({ file: 'x', dtype: 'F16', shape, byteOffset: 0, byteLength: 0 });

/** Shapes of a text encoder, enough of them to tell what it is. */
function shapes(width: number, layers: number): Weights {
  const each = Array.from({ length: layers }, (_, layer): [string, WeightRef] => [
    `text_model.encoder.layers.${layer}.mlp.fc1.weight`,
    ref([4 * width, width]),
  ]);
  return new Map([
    ['text_model.embeddings.token_embedding.weight', ref([49408, width])],
    ['text_model.embeddings.position_embedding.weight', ref([77, width])],
    ...each,
  ]);
}

describe('a text encoder in a single file', () => {
  it.each([
    ['SD 1.x', 'transformers', 768, 12, 12, 'quick_gelu'],
    ["SD 2.x, OpenCLIP's original", 'openclip', 1024, 24, 23, 'gelu'],
    ["SD 2.x, OpenCLIP's names written back by diffusers", 'openclip', 1024, 23, 23, 'gelu'],
    ["SD 2.x, transformers' names", 'transformers', 1024, 23, 23, 'gelu'],
    ["SD 2.x, transformers' names and all layers", 'transformers', 1024, 24, 23, 'gelu'],
    ['bigG', 'transformers', 1280, 32, 32, 'gelu'],
    ['a smaller one of OpenCLIP, with one layer too many', 'openclip', 1024, 4, 3, 'gelu'],
    ["a smaller one under transformers' names", 'transformers', 1024, 3, 3, 'gelu'],
    ['a narrow one of OpenCLIP', 'openclip', 32, 4, 3, 'gelu'],
    ["a narrow one under transformers' names", 'transformers', 64, 2, 2, 'quick_gelu'],
  ] as const)('%s (%s, %d wide, %d layers): %d are used, %s', (_, layout, width, stored, used, activation) => {
    const config = inferTextEncoderConfig(shapes(width, stored), 'x', layout);
    expect(config).toMatchObject({ num_hidden_layers: used, hidden_act: activation });
  });
});
