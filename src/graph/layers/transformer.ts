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
  /** The share of the tokens, 0 to 0.75, that its attentions on themselves merge into others that are like them; absent: none. */
  readonly merging?: number | undefined;
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
    hidden = transformerBlock(graph, hidden, `${name}.transformer_blocks.${layer}`, options, x);
  }
  hidden = linear(graph, hidden, `${name}.proj_out`, channels, channels);
  return graph.op('Add', [graph.op('TokensToImage', [hidden, x]), x]);
}

/** [rows, length, channels] to the same shape; `picture` has their height and width. */
function transformerBlock(
  graph: Graph,
  tokens: Value,
  name: string,
  options: TransformerOptions,
  picture: Value,
): Value {
  const { channels: width, heads, context, beside } = options;
  const settings = { heads, names: diffusersProjections, projectionBias: false };
  let x = tokens;
  const normed = (norm: string): Tokens => ({ value: layerNorm(graph, x, `${name}.${norm}`, width), width });
  const first = normed('norm1');
  const onItself = (own: Tokens): Value => attention(graph, own, own, `${name}.attn1`, settings);
  const attended = options.onlyCrossAttention
    ? attention(graph, first, context, `${name}.attn1`, settings)
    : merged(graph, x, first, picture, options.merging, onItself);
  x = graph.op('Add', [attended, x]);
  x = graph.op('Add', [attention(graph, normed('norm2'), context, `${name}.attn2`, { ...settings, beside }), x]);
  const hidden = geglu(graph, normed('norm3').value, `${name}.ff.net.0.proj`, width, 4 * width);
  return graph.op('Add', [linear(graph, hidden, `${name}.ff.net.2`, 4 * width, width), x]);
}

/** What `attend` makes of tokens of which those that are alike are one; what is alike `x` says, as it came in. */
function merged(
  graph: Graph,
  x: Value,
  { value, width }: Tokens,
  picture: Value,
  share: number | undefined,
  attend: (tokens: Tokens) => Value,
): Value {
  if (share === undefined) return attend({ value, width });
  const attributes = { thousandths: Math.round(share * 1000) };
  const places = graph.op('MergePlaces', [x, picture], attributes);
  const fewer = attend({ value: graph.op('MergeTokens', [value, places], attributes), width });
  return graph.op('UnmergeTokens', [fewer, places]);
}
