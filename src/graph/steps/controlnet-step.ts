import { Graph } from '../builder/graph.ts';
import type { ControlNetConfig, UNetConfig } from '../configs.ts';
import { meanSquaredError } from '../gradient/loss.ts';
import { Tape } from '../gradient/tape.ts';
import type { Value } from '../ir/node.ts';
import { sizes } from '../ir/operators/shapes.ts';
import { controlNet } from '../networks/controlnet.ts';
import { hintEncoder } from '../networks/hint-encoder.ts';
import { injectionPoints } from '../networks/injection-points.ts';
import { unet } from '../networks/unet.ts';
import type { NetworkPart } from '../weights.ts';

export interface StepSize {
  readonly rows: number;
  /** Of the latents: multiples of what the levels of the UNet divide them by. */
  readonly height: number;
  readonly width: number;
  readonly tokens: number;
}

/** What stands before the name of a trained weight in the names of outputs: its gradient. */
export const gradientPrefix = 'gradient.';

/**
 * One step of training a ControlNet beside a locked UNet (Zhang et al., 2023): forward, loss and backward as one graph. All float32.
 *
 * Inputs: `sample` [rows, inChannels, h, w] with its noise, `timestep` [rows], `encoder_hidden_states` [rows, tokens, crossAttentionDim], in SDXL
 * `text_embeds` and `time_ids`, `image` [rows, 3, 8 h, 8 w] in 0..1, `target` [rows, outChannels, h, w] of what the UNet is to say, `weights` [rows, 1] of the rows in
 * the loss, and each weight of the ControlNet by its name (parts of one with their number behind it). Outputs: `loss` [rows, 1, 1, 1], the mean squared error
 * of each row without its weight, and `gradient.<weight>` of the mean over rows of weight x error.
 */
export function controlNetStep(
  base: NetworkPart<UNetConfig>,
  control: NetworkPart<ControlNetConfig>,
  { rows, height, width, tokens }: StepSize,
): Graph {
  const graph = new Graph('training step', base, { everyStep: true });
  const tape = new Tape(graph);
  const { inChannels, outChannels, crossAttentionDim, added } = base.config;
  const input = (name: string, ...shape: number[]): Value => graph.input(name, 'float32', shape);
  const image = input('image', rows, control.config.conditioningChannels, 8 * height, 8 * width);
  const given = {
    sample: input('sample', rows, inChannels, height, width),
    timestep: input('timestep', rows),
    encoder_hidden_states: input('encoder_hidden_states', rows, tokens, crossAttentionDim),
    ...(added === null
      ? {}
      : { text_embeds: input('text_embeds', rows, added.pooledWidth), time_ids: input('time_ids', rows, added.ids) }),
  };
  const target = input('target', rows, outChannels, height, width);
  const weights = input('weights', rows, 1);
  const every = { prefix: '', trained: () => true };
  const points = injectionPoints(base.config).length;
  const whole = graph.float(new Float32Array(rows * points).fill(1), [rows, points]);
  const named = { rows, height, width, tokens };
  const { hint } = tape.inline(
    hintEncoder(control, { sizes: { rows, height: 8 * height, width: 8 * width } }),
    { image },
    every,
  );
  const residuals = tape.inline(
    controlNet(control, { sizes: named }),
    { ...given, hint: hint as Value, scale: whole },
    every,
  );
  const { out } = tape.inline(unet(base, { sizes: named }), { ...given, ...residuals }, { prefix: 'locked.' });
  const loss = meanSquaredError(tape, out as Value, target, weights);
  graph.output('loss', loss.ofRows, [rows, 1, 1, 1]);
  for (const [name, gradient] of tape.gradients(new Map([[out as Value, loss.gradient]]))) {
    graph.output(`${gradientPrefix}${name}`, gradient, sizes(gradient));
  }
  return graph;
}
