import type { UnionConfig } from '../configs.ts';
import type { Graph } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { linear } from '../layers/linear.ts';
import { layerNorm } from '../layers/normalization.ts';

/**
 * What a union ControlNet (xinsir6/ControlNetPlus; ControlNetUnionModel of diffusers) makes of a hint [rows, channels, h, w]: the token of
 * its type is added at every place. Hints of several types are added up.
 *
 * Inputs beside the image: `type` int32 [rows, 1], which type its map is of, and `hint_scale` [rows, 1], by which hint and token are
 * multiplied; 1 where it is the only one.
 *
 * The published code attends along the rows of a batch, where all are equal: what the attention of a token then gives is its value, and
 * tokens do not see each other.
 */
export function unionHint(graph: Graph, hint: Value, channels: number, { types, layers }: UnionConfig): Value {
  const type = graph.input('type', 'int32', ['rows', 1]);
  const scale = graph.input('hint_scale', 'float32', ['rows', 1]);
  const mean = graph.op('AverageChannels', [hint]);
  const task = graph.op('Embed', [graph.storedWeight('task_embedding', [types, channels]), type]);
  const plain = graph.op('Add', [graph.op('ImageToTokens', [mean]), task]);
  const scaled = graph.op('ScaleRows', [graph.op('TokensToImage', [plain, mean]), scale]);
  let token = graph.op('ImageToTokens', [scaled]);
  for (let layer = 0; layer < layers; layer++) token = block(graph, token, `transformer_layes.${layer}`, channels);
  const projected = graph.op('TokensToImage', [linear(graph, token, 'spatial_ch_projs', channels, channels), mean]);
  const [ofHint, ofToken] = [hint, projected].map((value) => graph.op('ScaleRows', [value, scale]));
  return graph.op('AddTo', [ofHint as Value, ofToken as Value]);
}

/** The name of the layers is the published files' own. */
function block(graph: Graph, x: Value, name: string, width: number): Value {
  const normed = layerNorm(graph, x, `${name}.ln_1`, width);
  const weights = graph.weightParts(`${name}.attn.in_proj_weight`, [3 * width, width], 3);
  const biases = graph.weightParts(`${name}.attn.in_proj_bias`, [3 * width], 3);
  const value = graph.op('Linear', [normed, weights[2] as Value, biases[2] as Value]);
  const mixed = graph.op('Add', [x, linear(graph, value, `${name}.attn.out_proj`, width, width)]);
  const inner = linear(graph, layerNorm(graph, mixed, `${name}.ln_2`, width), `${name}.mlp.c_fc`, width, 4 * width);
  const outer = linear(graph, graph.op('QuickGelu', [inner]), `${name}.mlp.c_proj`, 4 * width, width);
  return graph.op('Add', [mixed, outer]);
}
