import type { Graph } from '../builder/graph.ts';
import type { UNetConfig } from '../configs.ts';
import { meanSquaredError } from '../gradient/loss.ts';
import type { Tape } from '../gradient/tape.ts';
import type { Value } from '../ir/node.ts';
import { sizes } from '../ir/operators/shapes.ts';

export interface StepSize {
  readonly rows: number;
  /** Of a ControlNet: how many rows share a map, as many times as there are maps one after another. 1 where it is not told. */
  readonly rowsOfMap?: number;
  /** Of the latents: multiples of what the levels of the UNet divide them by. */
  readonly height: number;
  readonly width: number;
  readonly tokens: number;
}

/** What the graph of a step is for: to learn from some rows, or to say what is predicted of them. */
export type StepUse = 'learn' | 'predict';

/** Input of a graph that predicts, [rows, n]: how strongly what is trained acts on each row, n times the same. */
export const strengthInput = 'strength';

/** What stands before the name of something trained in the name of an output: its gradient. */
export const gradientPrefix = 'gradient.';

/**
 * Declares `sample` [rows, inChannels, h, w] with its noise, `timestep` [rows], `encoder_hidden_states` [rows, tokens, crossAttentionDim], in SDXL `text_embeds` and
 * `time_ids`: inputs of a UNet, and of a ControlNet but for its hint.
 */
export function batchInputs(
  graph: Graph,
  config: UNetConfig,
  { rows, height, width, tokens }: StepSize,
): Readonly<Record<string, Value>> {
  const { inChannels, crossAttentionDim, added } = config;
  const input = (name: string, ...shape: number[]): Value => graph.input(name, 'float32', shape);
  const given = {
    sample: input('sample', rows, inChannels, height, width),
    timestep: input('timestep', rows),
    encoder_hidden_states: input('encoder_hidden_states', rows, tokens, crossAttentionDim),
  };
  if (added === null) return given;
  const more = {
    text_embeds: input('text_embeds', rows, added.pooledWidth),
    time_ids: input('time_ids', rows, added.ids),
  };
  return { ...given, ...more };
}

/** Writes what a graph of that use gives: the output `prediction` [rows, channels, h, w], or what writeLoss says. */
export function writeResult(tape: Tape, made: Value, use: StepUse): void {
  if (use === 'predict') tape.graph.output('prediction', made, sizes(made));
  else writeLoss(tape, made);
}

/**
 * Declares `target` [rows, channels, h, w], what the UNet is to say, and `weights` [rows, 1] of the rows in the loss; writes the outputs `loss` [rows, 1, 1, 1], the mean squared error of each row without its weight, and `gradient.<name>` of the mean over rows
 * of weight x error.
 */
export function writeLoss(tape: Tape, made: Value): void {
  const [rows = 0] = sizes(made);
  const target = tape.graph.input('target', 'float32', sizes(made));
  const weights = tape.graph.input('weights', 'float32', [rows, 1]);
  const loss = meanSquaredError(tape, made, target, weights);
  tape.graph.output('loss', loss.ofRows, sizes(loss.ofRows));
  for (const [name, gradient] of tape.gradients(new Map([[made, loss.gradient]]))) {
    tape.graph.output(`${gradientPrefix}${name}`, gradient, sizes(gradient));
  }
}
