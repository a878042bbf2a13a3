import type { Graph } from '../builder/graph.ts';
import type { UNetConfig } from '../configs.ts';
import { meanSquaredError } from '../gradient/loss.ts';
import type { Tape } from '../gradient/tape.ts';
import type { Value } from '../ir/node.ts';
import { sizes } from '../ir/operators/shapes.ts';

export interface StepSize {
  readonly rows: number;
  /** Of the latents: multiples of what the levels of the UNet divide them by. */
  readonly height: number;
  readonly width: number;
  readonly tokens: number;
}

/** What stands before the name of something trained in the name of an output: its gradient. */
export const gradientPrefix = 'gradient.';

/** What a step is fed with besides what it trains. */
export interface Batch {
  /** Inputs of a UNet, and of a ControlNet but for its hint. */
  readonly given: Readonly<Record<string, Value>>;
  readonly target: Value;
  readonly weights: Value;
}

/**
 * Declares `sample` [rows, inChannels, h, w] with its noise, `timestep` [rows], `encoder_hidden_states` [rows, tokens, crossAttentionDim], in SDXL `text_embeds` and
 * `time_ids`, `target` [rows, outChannels, h, w] of what the UNet is to say, and `weights` [rows, 1] of the rows in the loss.
 */
export function batchInputs(graph: Graph, config: UNetConfig, { rows, height, width, tokens }: StepSize): Batch {
  const { inChannels, outChannels, crossAttentionDim, added } = config;
  const input = (name: string, ...shape: number[]): Value => graph.input(name, 'float32', shape);
  const given = {
    sample: input('sample', rows, inChannels, height, width),
    timestep: input('timestep', rows),
    encoder_hidden_states: input('encoder_hidden_states', rows, tokens, crossAttentionDim),
  };
  const target = input('target', rows, outChannels, height, width);
  const weights = input('weights', rows, 1);
  if (added === null) return { given, target, weights };
  const more = {
    text_embeds: input('text_embeds', rows, added.pooledWidth),
    time_ids: input('time_ids', rows, added.ids),
  };
  return { given: { ...given, ...more }, target, weights };
}

/**
 * Writes the outputs `loss` [rows, 1, 1, 1], the mean squared error of each row without its weight, and `gradient.<name>` of the mean over rows
 * of weight x error.
 */
export function writeLoss(tape: Tape, made: Value, { target, weights }: Batch): void {
  const loss = meanSquaredError(tape, made, target, weights);
  tape.graph.output('loss', loss.ofRows, sizes(loss.ofRows));
  for (const [name, gradient] of tape.gradients(new Map([[made, loss.gradient]]))) {
    tape.graph.output(`${gradientPrefix}${name}`, gradient, sizes(gradient));
  }
}
