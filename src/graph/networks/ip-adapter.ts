import type { IpAdapterConfig, ResamplerConfig } from '../configs.ts';
import { Graph, type NetworkOptions } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { linear } from '../layers/linear.ts';
import { layerNorm } from '../layers/normalization.ts';
import type { NetworkPart } from '../weights.ts';

export interface IpAdapterOptions extends NetworkOptions {
  /** Tokens of a picture in the image encoder's hidden state; those of a picture of 224 pixels in patches of 14 where not told. */
  readonly length?: number;
}

const usualLength = 1 + (224 / 14) ** 2;

/**
 * What an IP-Adapter (Ye et al., 2023) makes of one picture: tokens, and of those the keys and values of every attention on the text. They do
 * not depend on the step.
 *
 * Input: `picture`, of the basic one [1, pictureWidth], the image encoder's embeds, and of Plus [1, length, pictureWidth], its hidden state.
 * Outputs: `tokens` [1, tokens, contextWidth], and `keys.<i>` and `values.<i>` [1, tokens, widths[i]].
 */
export function ipAdapter(part: NetworkPart<IpAdapterConfig>, options: IpAdapterOptions = {}): Graph {
  const { length = usualLength, ...others } = options;
  const { resampler, tokens: count, contextWidth, widths } = part.config;
  const graph = new Graph('IP-Adapter', part, others);
  const made = resampler === null ? basicTokens(graph, part.config) : resampled(graph, part.config, resampler, length);
  graph.output('tokens', made, [1, count, contextWidth]);
  for (const [index, width] of widths.entries()) {
    for (const [name, layer] of [['keys', 'to_k_ip'] as const, ['values', 'to_v_ip'] as const]) {
      const projected = linear(graph, made, `ip_adapter.${2 * index + 1}.${layer}`, contextWidth, width, {
        bias: false,
      });
      graph.output(`${name}.${index}`, projected, [1, count, width]);
    }
  }
  return graph;
}

function basicTokens(graph: Graph, { pictureWidth, tokens, contextWidth }: IpAdapterConfig): Value {
  const picture = graph.input('picture', 'float32', [1, pictureWidth]);
  const all = linear(graph, picture, 'image_proj.proj', pictureWidth, tokens * contextWidth);
  return layerNorm(graph, graph.op('SplitTokens', [all], { count: tokens }), 'image_proj.norm', contextWidth);
}

/** The Resampler of Plus (Perceiver's): its latents look at the picture and at themselves. */
function resampled(
  graph: Graph,
  { pictureWidth, tokens, contextWidth }: IpAdapterConfig,
  own: ResamplerConfig,
  length: number,
): Value {
  const { width, layers } = own;
  const picture = graph.input('picture', 'float32', [1, length, pictureWidth]);
  const seen = linear(graph, picture, 'image_proj.proj_in', pictureWidth, width);
  let latents = graph.weight('image_proj.latents', [1, tokens, width]);
  for (let layer = 0; layer < layers; layer++) {
    const name = `image_proj.layers.${layer}`;
    latents = graph.op('Add', [latents, perceive(graph, seen, latents, `${name}.0`, own)]);
    latents = graph.op('Add', [latents, feedForward(graph, latents, `${name}.1`, own)]);
  }
  const out = linear(graph, latents, 'image_proj.proj_out', width, contextWidth);
  return layerNorm(graph, out, 'image_proj.norm_out', contextWidth);
}

/** Heads have a width of their own: together they need not be as wide as the latents. */
function perceive(
  graph: Graph,
  seen: Value,
  latents: Value,
  name: string,
  { width, inner, heads }: ResamplerConfig,
): Value {
  const asked = layerNorm(graph, latents, `${name}.norm2`, width);
  const all = graph.op('ConcatChannels', [layerNorm(graph, seen, `${name}.norm1`, width), asked]);
  const query = linear(graph, asked, `${name}.to_q`, width, inner, { bias: false });
  const parts = graph.weightParts(`${name}.to_kv.weight`, [2 * inner, width], 2);
  const [key, value] = parts.map((part) => graph.op('Linear', [all, part])) as [Value, Value];
  const mixed = graph.op('Attention', [query, key, value], { heads });
  return linear(graph, mixed, `${name}.to_out`, inner, width, { bias: false });
}

function feedForward(graph: Graph, latents: Value, name: string, { width, feedForwardWidth }: ResamplerConfig): Value {
  const normed = layerNorm(graph, latents, `${name}.0`, width);
  const hidden = graph.op('Gelu', [linear(graph, normed, `${name}.1`, width, feedForwardWidth, { bias: false })]);
  return linear(graph, hidden, `${name}.3`, feedForwardWidth, width, { bias: false });
}
