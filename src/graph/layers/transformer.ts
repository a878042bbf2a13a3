import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';
import { geglu } from './activation.ts';
import { attention, asSequences, type Tokens, tokensOf } from './attention.ts';
import { linear } from './linear.ts';
import { groupNorm, layerNorm } from './normalization.ts';

export interface TransformerOptions {
  readonly channels: number;
  readonly groups: number;
  readonly heads: number;
  readonly layers: number;
  readonly onlyCrossAttention: boolean;
  readonly context: Tokens;
}

/** Names of the projections in diffusers' attention layers. */
export const diffusersProjections = { query: 'to_q', key: 'to_k', value: 'to_v', out: 'to_out.0' } as const;

/**
 * The transformer between the residual blocks of a UNet (Rombach et al., 2022): each position of [rows, channels, h, w] is
 * a token. Its first and last projection are 1x1 convolutions in SD 1.x and linear layers in SD 2.x: the same numbers.
 */
export function spatialTransformer(graph: GraphBuilder, x: Value, name: string, options: TransformerOptions): Value {
  const { channels, groups, layers } = options;
  const tokens = imageTokens(graph, groupNorm(graph, x, `${name}.norm`, channels, groups, 1e-6), channels);
  let matrix = linear(graph, tokens.matrix, `${name}.proj_in`, channels, channels);
  for (let layer = 0; layer < layers; layer++) {
    matrix = transformerBlock(graph, { ...tokens, matrix }, `${name}.transformer_blocks.${layer}`, options);
  }
  matrix = linear(graph, matrix, `${name}.proj_out`, channels, channels);
  return graph.op('Add', [asImage(graph, matrix, tokens, x), x]);
}

function transformerBlock(graph: GraphBuilder, tokens: Tokens, name: string, options: TransformerOptions): Value {
  const { channels, heads, context } = options;
  const settings = { heads, names: diffusersProjections, projectionBias: false };
  let x = tokens.matrix;
  const normed = (norm: string): Tokens => ({ ...tokens, matrix: layerNorm(graph, x, `${name}.${norm}`, channels) });
  const first = normed('norm1');
  x = graph.op('Add', [
    attention(graph, first, options.onlyCrossAttention ? context : first, `${name}.attn1`, settings),
    x,
  ]);
  x = graph.op('Add', [attention(graph, normed('norm2'), context, `${name}.attn2`, settings), x]);
  const hidden = geglu(graph, normed('norm3').matrix, `${name}.ff.net.0.proj`, channels, 4 * channels);
  return graph.op('Add', [linear(graph, hidden, `${name}.ff.net.2`, 4 * channels, channels), x]);
}

/** Positions of [rows, channels, h, w] as tokens, row by row. */
export function imageTokens(graph: GraphBuilder, x: Value, channels: number): Tokens {
  const flat = graph.op('Reshape', [x, graph.int64([0, channels, -1])]);
  return tokensOf(graph, graph.op('Transpose', [flat], { perm: { ints: [0, 2, 1] } }), channels);
}

/** Tokens back in the shape of the image `like`. */
export function asImage(graph: GraphBuilder, matrix: Value, tokens: Tokens, like: Value): Value {
  const sequences = asSequences(graph, matrix, tokens, tokens.width);
  const flat = graph.op('Transpose', [sequences], { perm: { ints: [0, 2, 1] } });
  return graph.op('Reshape', [flat, graph.op('Shape', [like])]);
}
