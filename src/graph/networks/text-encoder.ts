import type { TextEncoderConfig } from '../configs.ts';
import { Graph, type NetworkOptions } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { linear } from '../layers/linear.ts';
import { layerNorm } from '../layers/normalization.ts';
import type { NetworkPart } from '../weights.ts';
import { clipLayer } from './clip-layer.ts';

export interface TextEncoderOptions extends NetworkOptions {
  /** How many of the last layers `context` leaves out; 0 takes all. */
  readonly clipSkip?: number;
  /** Takes vectors in the place of token embeddings. */
  readonly learned?: boolean;
  /** With a branch of low rank beside each linear layer (see withBranch). */
  readonly branches?: boolean;
  /** Also gives every `hidden.<i>` [rows, 77, hiddenSize]: 0 is the embeddings, `layers` the last layer. */
  readonly hiddenStates?: boolean;
}

/**
 * CLIP's text encoder (Radford et al., 2021; CLIPTextModel of transformers).
 *
 * Input: `input_ids` int32 [rows, 77]; with `learned` also `learned` [rows, 77, hiddenSize], which counts in the place of the token embeddings
 * where `is_learned`, int32 [rows, 77], is not 0. Outputs: `context` [rows, 77, hiddenSize], the final layer norm of the hidden state that
 * clipSkip chooses, or in SDXL the state before that one as it is, and `pooled` [rows, hiddenSize], the normed last hidden state at each
 * row's end-of-text token, or, where the encoder has a projection, `embeds` [rows, projectionWidth], which that makes of it.
 */
export function textEncoder(part: NetworkPart<TextEncoderConfig>, options: TextEncoderOptions = {}): Graph {
  const { config } = part;
  const { clipSkip = 0, learned = false, hiddenStates = false, branches = false, ...others } = options;
  const graph = new Graph('text encoder', part, { ...others, branches: () => branches });
  const length = config.maxPositions;
  const ids = graph.input('input_ids', 'int32', ['rows', length]);
  const states = hiddenLayers(graph, config, wordsOf(graph, config, ids, learned));
  const width = config.hiddenSize;
  const normed = (layer: number): Value =>
    layerNorm(graph, states[layer] as Value, 'text_model.final_layer_norm', width, config.layerNormEps);
  const layer = config.layers - clipSkip;
  const context = config.context === 'last' ? normed(layer) : (states[layer - 1] as Value);
  graph.output('context', context, ['rows', length, width]);
  const pooled = atEndOfText(graph, config, ids, normed(config.layers));
  if (config.projectionWidth === null) graph.output('pooled', pooled, ['rows', width]);
  else {
    const embeds = linear(graph, pooled, 'text_projection', width, config.projectionWidth, { bias: false });
    graph.output('embeds', embeds, ['rows', config.projectionWidth]);
  }
  if (hiddenStates) {
    states.forEach((state, index) => graph.output(`hidden.${index}`, state, ['rows', length, width]));
  }
  return graph;
}

/** What each token means by itself, [rows, length, width]. */
function wordsOf(graph: Graph, config: TextEncoderConfig, ids: Value, learned: boolean): Value {
  const { hiddenSize: width, maxPositions: length } = config;
  const table = graph.storedWeight('text_model.embeddings.token_embedding.weight', [config.vocabularySize, width]);
  const words = graph.op('Embed', [table, ids]);
  if (!learned) return words;
  const vectors = graph.input('learned', 'float32', ['rows', length, width]);
  const places = graph.input('is_learned', 'int32', ['rows', length]);
  return graph.op('Replace', [words, vectors, places]);
}

/** The embeddings and the state after each layer, [rows, length, width]. */
function hiddenLayers(graph: Graph, config: TextEncoderConfig, words: Value): readonly Value[] {
  const width = config.hiddenSize;
  const positions = graph.weight('text_model.embeddings.position_embedding.weight', [config.maxPositions, width]);
  const mask = causalMask(graph, config.maxPositions);
  let state = graph.op('Add', [words, positions]);
  const states = [state];
  for (let layer = 0; layer < config.layers; layer++) {
    state = clipLayer(graph, config, state, `text_model.encoder.layers.${layer}`, mask);
    states.push(state);
  }
  return states;
}

/** No token sees a later one. */
function causalMask(graph: Graph, length: number): Value {
  const mask = new Float32Array(length * length);
  for (let from = 0; from < length; from++)
    mask.fill(-3.4028234663852886e38, from * length + from + 1, (from + 1) * length);
  return graph.float(mask, [1, 1, length, length]);
}

/**
 * The state at the first end-of-text token. Configs that say 2 are older than the right number was written into them:
 * there the end of the text is the largest id, as in transformers.
 */
function atEndOfText(graph: Graph, config: TextEncoderConfig, ids: Value, states: Value): Value {
  const score = config.eosTokenId === 2 ? ids : graph.op('Equals', [ids], { value: config.eosTokenId });
  return graph.op('Pick', [states, graph.op('FirstLargest', [score])]);
}
