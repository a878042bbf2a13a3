import type { EncoderConfig, UNetConfig } from '../configs.ts';
import type { Graph } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { silu } from '../layers/activation.ts';
import type { BesideText, Tokens } from '../layers/attention.ts';
import { downsample } from '../layers/resampling.ts';
import { resnet } from '../layers/resnet.ts';
import { addedEmbedding, guidanceEmbedding, timestepEmbedding } from '../layers/timestep-embedding.ts';
import { spatialTransformer } from '../layers/transformer.ts';
import { entersBehindDownsampler } from './feature-places.ts';

/** What every block of a UNet is conditioned on. */
export interface Conditioning {
  readonly time: { readonly embedding: Value; readonly width: number };
  readonly context: Tokens;
  /** What attentions on the context look at besides, by level. */
  readonly beside?: ((level: number) => BesideText) | undefined;
  /** The share of the tokens that transformers of a level merge in their attentions on themselves. */
  readonly merging?: ((level: number) => number | undefined) | undefined;
}

export interface Encoded {
  /** What the way up takes in again, shallowest first. */
  readonly skips: readonly Skip[];
  readonly middle: Value;
}

export interface Skip {
  readonly value: Value;
  readonly channels: number;
}

/**
 * Declares the inputs `timestep` [rows] and `encoder_hidden_states` [rows, tokens, crossAttentionDim], and in SDXL `text_embeds`
 * [rows, pooledWidth] and `time_ids` [rows, ids], and in a UNet that takes the guidance `guidance` [rows, 1]. `addTo` adds to the embedding of
 * the timestep what else there is.
 */
export function conditioning(
  graph: Graph,
  config: EncoderConfig & Pick<UNetConfig, 'guidanceWidth'>,
  addTo: (embedding: Value) => Value = (embedding) => embedding,
): Conditioning {
  const channels = config.blockChannels[0] as number;
  const width = 4 * channels;
  const timestep = graph.input('timestep', 'float32', ['rows']);
  const context = graph.input('encoder_hidden_states', 'float32', ['rows', 'tokens', config.crossAttentionDim]);
  const { flipSinToCos, freqShift, added, guidanceWidth } = config;
  const options = { width, flipSinToCos, freqShift };
  let embedding = timestepEmbedding(graph, timestep, 'time_embedding', { channels, ...options }, (sinusoids) => {
    if (guidanceWidth === undefined) return sinusoids;
    const guidance = graph.input('guidance', 'float32', ['rows', 1]);
    const more = guidanceEmbedding(graph, guidance, 'time_embedding.cond_proj', guidanceWidth, channels);
    return graph.op('Add', [sinusoids, more]);
  });
  if (added !== null) {
    const text = graph.input('text_embeds', 'float32', ['rows', added.pooledWidth]);
    const ids = graph.input('time_ids', 'float32', ['rows', added.ids]);
    const more = addedEmbedding(graph, { text, ids }, 'add_embedding', { added, ...options });
    embedding = graph.op('Add', [embedding, more]);
  }
  return {
    time: { embedding: silu(graph, addTo(embedding)), width },
    context: { value: context, width: config.crossAttentionDim },
  };
}

/** Changes what was made at a place where features enter (see featurePlaces). */
export type AtPlace = (place: number, made: Value) => Value;

const unchanged: AtPlace = (_, made) => made;

/** The way down and the middle. `x` is what conv_in made, [rows, blockChannels[0], h, w]. */
export function encode(
  graph: Graph,
  config: EncoderConfig,
  given: Conditioning,
  x: Value,
  atPlace: AtPlace = unchanged,
): Encoded {
  const skips = [...wayDown(graph, config, given, x, atPlace)];
  const deepest = (skips.at(-1) as Skip).value;
  return { skips, middle: atPlace(config.blockChannels.length, middleBlock(graph, config, given, deepest)) };
}

/** The first skip connections of the way down, and nothing that lies deeper. */
export function encodeShallow(
  graph: Graph,
  config: EncoderConfig,
  given: Conditioning,
  x: Value,
  count: number,
  atPlace: AtPlace = unchanged,
): readonly Skip[] {
  const skips: Skip[] = [];
  for (const skip of wayDown(graph, config, given, x, atPlace)) {
    skips.push(skip);
    if (skips.length === count) break;
  }
  return skips;
}

/** Writes the way down as far as it is asked for. */
function* wayDown(
  graph: Graph,
  config: EncoderConfig,
  given: Conditioning,
  x: Value,
  atPlace: AtPlace,
): Generator<Skip, void> {
  const { blockChannels, layersPerBlock } = config;
  let inputs = blockChannels[0] as number;
  let hidden = x;
  yield { value: x, channels: inputs };
  for (const [level, channels] of blockChannels.entries()) {
    const name = `down_blocks.${level}`;
    const isLate = entersBehindDownsampler(config, level);
    for (let layer = 0; layer < layersPerBlock; layer++) {
      hidden = unetResnet(graph, config, given, hidden, `${name}.resnets.${layer}`, inputs, channels);
      const layers = config.transformerLayers[level]?.[layer] ?? 0;
      hidden = unetTransformer(graph, config, given, hidden, `${name}.attentions.${layer}`, { level, layers });
      if (layer === layersPerBlock - 1 && !isLate) hidden = atPlace(level, hidden);
      yield { value: hidden, channels };
      inputs = channels;
    }
    if (level === blockChannels.length - 1) return;
    hidden = downsample(graph, hidden, `${name}.downsamplers.0`, channels, 'around');
    if (isLate) hidden = atPlace(level, hidden);
    yield { value: hidden, channels };
  }
}

/** The middle's transformer never takes onlyCrossAttention, whatever the levels do. */
function middleBlock(graph: Graph, config: EncoderConfig, given: Conditioning, x: Value): Value {
  const { middle } = config;
  if (middle.kind === 'none') return x;
  const level = config.blockChannels.length - 1;
  const channels = config.blockChannels[level] as number;
  let hidden = unetResnet(graph, config, given, x, 'mid_block.resnets.0', channels, channels);
  if (middle.kind === 'residual') return hidden;
  hidden = spatialTransformer(graph, hidden, 'mid_block.attentions.0', {
    ...transformerOptions(config, given, { level, layers: middle.layers }),
    onlyCrossAttention: false,
  });
  return unetResnet(graph, config, given, hidden, 'mid_block.resnets.1', channels, channels);
}

export function unetResnet(
  graph: Graph,
  config: EncoderConfig,
  given: Conditioning,
  x: Value,
  name: string,
  inputs: number,
  outputs: number,
): Value {
  const { normGroups: groups, normEps: epsilon } = config;
  return resnet(graph, x, name, { inputs, outputs, groups, epsilon, time: given.time });
}

/** Where a transformer stands and how many blocks it has; none is none at all. */
interface TransformerPlace {
  readonly level: number;
  readonly layers: number;
}

export function unetTransformer(
  graph: Graph,
  config: EncoderConfig,
  given: Conditioning,
  x: Value,
  name: string,
  place: TransformerPlace,
): Value {
  return place.layers === 0 ? x : spatialTransformer(graph, x, name, transformerOptions(config, given, place));
}

function transformerOptions(config: EncoderConfig, given: Conditioning, { level, layers }: TransformerPlace) {
  return {
    channels: config.blockChannels[level] as number,
    groups: config.normGroups,
    heads: config.heads[level] as number,
    layers,
    onlyCrossAttention: config.onlyCrossAttention[level] as boolean,
    context: given.context,
    beside: given.beside?.(level),
    merging: given.merging?.(level),
  };
}
