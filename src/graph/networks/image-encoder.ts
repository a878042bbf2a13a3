import type { ImageEncoderConfig } from '../configs.ts';
import { Graph, type NetworkOptions } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { convolution } from '../layers/convolution.ts';
import { linear } from '../layers/linear.ts';
import { layerNorm } from '../layers/normalization.ts';
import type { NetworkPart } from '../weights.ts';
import { clipLayer } from './clip-layer.ts';

/**
 * CLIP's vision tower (Radford et al., 2021; CLIPVisionModelWithProjection of transformers), for one picture.
 *
 * Input: `pixels` [1, 3, imageSize, imageSize], normalised. Outputs: `embeds` [1, projectionWidth], the projection of the class token after the
 * last layer, and `hidden` [1, 1 + patches, hiddenSize], the state before the last layer as it is, the class token first.
 */
export function imageEncoder(part: NetworkPart<ImageEncoderConfig>, options: NetworkOptions = {}): Graph {
  const { config } = part;
  const { imageSize, patchSize, hiddenSize: width, layers, layerNormEps, projectionWidth } = config;
  const graph = new Graph('image encoder', part, options);
  const pixels = graph.input('pixels', 'float32', [1, 3, imageSize, imageSize]);
  const states = [embeddings(graph, config, pixels)];
  for (let layer = 0; layer < layers; layer++) {
    const state = states.at(-1) as Value;
    states.push(clipLayer(graph, config, state, `vision_model.encoder.layers.${layer}`));
  }
  const first = graph.op('FirstToken', [states.at(-1) as Value]);
  const normed = layerNorm(graph, first, 'vision_model.post_layernorm', width, layerNormEps);
  const embeds = linear(graph, normed, 'visual_projection', width, projectionWidth, { bias: false });
  graph.output('embeds', embeds, [1, projectionWidth]);
  graph.output('hidden', states.at(-2) as Value, [1, 1 + (imageSize / patchSize) ** 2, width]);
  return graph;
}

/** The class token and the patches, each with its place: [1, 1 + patches, width]. The layer's name is transformers' own. */
function embeddings(graph: Graph, config: ImageEncoderConfig, pixels: Value): Value {
  const { imageSize, patchSize, hiddenSize: width, layerNormEps } = config;
  const name = 'vision_model.embeddings';
  const options = { kernel: patchSize, stride: patchSize, padding: [0, 0, 0, 0], bias: false } as const;
  const patches = convolution(graph, pixels, `${name}.patch_embedding`, 3, width, options);
  const token = graph.weight(`${name}.class_embedding`, [width]);
  const tokens = graph.op('PrependToken', [graph.op('ImageToTokens', [patches]), token]);
  const count = 1 + (imageSize / patchSize) ** 2;
  const placed = graph.op('Add', [tokens, graph.weight(`${name}.position_embedding.weight`, [count, width])]);
  return layerNorm(graph, placed, 'vision_model.pre_layrnorm', width, layerNormEps);
}
