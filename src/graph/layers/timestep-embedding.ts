import type { AddedConfig } from '../configs.ts';
import type { Graph } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { silu } from './activation.ts';
import { linear } from './linear.ts';

export interface SinusoidOptions {
  readonly flipSinToCos: boolean;
  readonly freqShift: number;
}

export interface TimestepEmbeddingOptions extends SinusoidOptions {
  /** Width of the sinusoidal embedding. */
  readonly channels: number;
  /** Width of the result. */
  readonly width: number;
}

/**
 * Sinusoids of one timestep a row (Ho et al., 2020), through two linear layers: [rows] to [rows, width]. `addTo` adds to what the first
 * layer takes.
 */
export function timestepEmbedding(
  graph: Graph,
  timestep: Value,
  name: string,
  { channels, width, ...options }: TimestepEmbeddingOptions,
  addTo: (sinusoids: Value) => Value = (sinusoids) => sinusoids,
): Value {
  return twoLayers(graph, addTo(sinusoids(graph, timestep, channels, options)), name, channels, width);
}

/**
 * The guidance of each row as an input of a network that was distilled to answer as if guided (Meng et al., 2023; Luo et al., 2023): its
 * sinusoids, `width` of them, through a linear layer without bias: [rows, 1] to [rows, channels].
 */
export function guidanceEmbedding(graph: Graph, guidance: Value, name: string, width: number, channels: number): Value {
  const waves = graph.op('Sinusoids', [guidance], { frequencies: guidanceFrequencies(width / 2), first: 'sine' });
  return linear(graph, waves, name, width, channels, { bias: false });
}

export interface AddedEmbeddingOptions extends SinusoidOptions {
  readonly added: AddedConfig;
  /** Width of the result. */
  readonly width: number;
}

/**
 * What SDXL adds to the embedding of the timestep (Podell et al., 2023): the pooled text [rows, pooledWidth] and the sinusoids of the
 * ids [rows, ids] one after another, through two linear layers: [rows, width].
 */
export function addedEmbedding(
  graph: Graph,
  { text, ids }: { readonly text: Value; readonly ids: Value },
  name: string,
  { added: { pooledWidth, ids: count, idWidth }, width, ...options }: AddedEmbeddingOptions,
): Value {
  const both = graph.op('ConcatChannels', [text, sinusoids(graph, ids, idWidth, options)]);
  return twoLayers(graph, both, name, pooledWidth + count * idWidth, width);
}

/**
 * What a union ControlNet adds to the embedding of the timestep: the sinusoids of a 0 or 1 for each type, [rows, types], through two linear
 * layers: [rows, width].
 */
export function typesEmbedding(
  graph: Graph,
  types: Value,
  name: string,
  { count, channels, width, ...options }: TimestepEmbeddingOptions & { readonly count: number },
): Value {
  return twoLayers(graph, sinusoids(graph, types, channels, options), name, count * channels, width);
}

function sinusoids(graph: Graph, x: Value, channels: number, { flipSinToCos, freqShift }: SinusoidOptions): Value {
  return graph.op('Sinusoids', [x], {
    frequencies: sinusoidFrequencies(channels / 2, freqShift),
    first: flipSinToCos ? 'cosine' : 'sine',
  });
}

function twoLayers(graph: Graph, x: Value, name: string, inputs: number, width: number): Value {
  const hidden = silu(graph, linear(graph, x, `${name}.linear_1`, inputs, width));
  return linear(graph, hidden, `${name}.linear_2`, width, width);
}

/**
 * 10000^(-i / (count - shift)), rounded to float32 after each operation as torch does: at timestep 999 an error of one
 * unit in the last place moves the angle by 6e-5.
 */
function sinusoidFrequencies(count: number, shift: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => {
    const exponent = Math.fround(Math.fround(-Math.log(10000)) * index);
    return Math.exp(Math.fround(exponent / (count - shift)));
  });
}

/** 10000^(-i / (count - 1)), rounded in another order than those of timesteps, as diffusers does: a guidance of 8 is 7000 here, which shows each unit in the last place. */
function guidanceFrequencies(count: number): Float32Array {
  const decay = Math.fround(Math.fround(Math.log(10000)) / (count - 1));
  return Float32Array.from({ length: count }, (_, index) => Math.exp(Math.fround(index * -decay)));
}
