import type { Graph } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { geglu } from './activation.ts';
import { attention, type BesideText, type Tokens } from './attention.ts';
import { linear } from './linear.ts';
import { groupNorm, layerNorm } from './normalization.ts';

export interface TransformerOptions {
  readonly channels: number;
  readonly groups: number;
  readonly heads: number;
  readonly layers: number;
  readonly onlyCrossAttention: boolean;
  readonly context: Tokens;
  /** What its attentions on the context look at besides. */
  readonly beside?: BesideText | undefined;
}

/** Names of the projections in diffusers' attention layers. */
export const diffusersProjections = { query: 'to_q', key: 'to_k', value: 'to_v', out: 'to_out.0' } as const;

/**
 * The transformer between the residual blocks of a UNet (Rombach et al., 2022): each position of [rows, channels, h, w] is
 * a token. Its first and last projection are 1x1 convolutions in SD 1.x and linear layers in SD 2.x: the same numbers.
 */
export function spatialTransformer(graph: Graph, x: Value, name: string, options: TransformerOptions): Value {
  const { channels, groups, layers } = options;
  const tokens = graph.op('ImageToTokens', [groupNorm(graph, x, `${name}.norm`, channels, groups, 1e-6)]);
  let hidden = linear(graph, tokens, `${name}.proj_in`, channels, channels);
  for (let layer = 0; layer < layers; layer++) {
    hidden = transformerBlock(graph, hidden, `${name}.transformer_blocks.${layer}`, options);
  }
  hidden = linear(graph, hidden, `${name}.proj_out`, channels, channels);
  return graph.op('Add', [graph.op('TokensToImage', [hidden, x]), x]);
}

/** [rows, length, channels] to the same shape. */
function transformerBlock(graph: Graph, tokens: Value, name: string, options: TransformerOptions): Value {
  const { channels: width, heads, context, beside } = options;
  const settings = { heads, names: diffusersProjections, projectionBias: false };
  let x = tokens;
  const normed = (norm: string): Tokens => ({ value: layerNorm(graph, x, `${name}.${norm}`, width), width });
  const first = normed('norm1');
  x = graph.op('Add', [
    attention(graph, first, options.onlyCrossAttention ? context : first, `${name}.attn1`, settings),
    x,
  ]);
  x = graph.op('Add', [attention(graph, normed('norm2'), context, `${name}.attn2`, { ...settings, beside }), x]);
  const hidden = geglu(graph, normed('norm3').value, `${name}.ff.net.0.proj`, width, 4 * width);
  return graph.op('Add', [linear(graph, hidden, `${name}.ff.net.2`, 4 * width, width), x]);
}
