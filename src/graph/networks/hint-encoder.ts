import type { ControlNetConfig } from '../configs.ts';
import { Graph, type NetworkOptions } from '../builder/graph.ts';
import { silu } from '../layers/activation.ts';
import { convolution } from '../layers/convolution.ts';
import type { NetworkPart } from '../weights.ts';
import { unionHint } from './union-hint.ts';

/**
 * The part of a ControlNet that sees the map (ControlNetConditioningEmbedding of diffusers): eight 3x3 convolutions with
 * SiLU, three of them of stride 2. It does not depend on the step, so it runs once a picture.
 *
 * Input: `image` [rows, 3, H, W], RGB 0..1, and of a union those of unionHint. Output: `hint` [rows, blockChannels[0], H/8, W/8].
 */
export function hintEncoder(part: NetworkPart<ControlNetConfig>, options: NetworkOptions = {}): Graph {
  const { conditioningChannels, hintChannels, blockChannels, channelOrder, union } = part.config;
  const graph = new Graph('hint encoder', part, options);
  const image = graph.input('image', 'float32', ['rows', conditioningChannels, 'height', 'width']);
  const ordered = channelOrder === 'rgb' ? image : graph.op('ReorderChannels', [image], { order: [2, 1, 0] });
  const name = 'controlnet_cond_embedding';
  let channels = hintChannels[0] as number;
  let hidden = silu(graph, convolution(graph, ordered, `${name}.conv_in`, conditioningChannels, channels));
  hintChannels.slice(1).forEach((next, index) => {
    hidden = silu(graph, convolution(graph, hidden, `${name}.blocks.${2 * index}`, channels, channels));
    hidden = convolution(graph, hidden, `${name}.blocks.${2 * index + 1}`, channels, next, { stride: 2 });
    hidden = silu(graph, hidden);
    channels = next;
  });
  const width = blockChannels[0] as number;
  const made = convolution(graph, hidden, `${name}.conv_out`, channels, width);
  const hint = union === undefined ? made : unionHint(graph, made, width, union);
  graph.output('hint', hint, ['rows', width, 'hint.height', 'hint.width']);
  return graph;
}
