import { Graph } from '../builder/graph.ts';
import type { ControlNetConfig, UNetConfig } from '../configs.ts';
import { Tape } from '../gradient/tape.ts';
import type { Value } from '../ir/node.ts';
import { controlNet } from '../networks/controlnet.ts';
import { hintEncoder } from '../networks/hint-encoder.ts';
import { injectionPoints } from '../networks/injection-points.ts';
import { unet } from '../networks/unet.ts';
import type { NetworkPart } from '../weights.ts';
import { batchInputs, type StepSize, writeLoss } from './step.ts';

/**
 * One step of training a ControlNet beside a locked UNet (Zhang et al., 2023): forward, loss and backward as one graph. All float32.
 *
 * Inputs: those of batchInputs, `image` [rows, 3, 8 h, 8 w] in 0..1, and each weight of the ControlNet by its name (parts of one with their number behind
 * it). Outputs: those of writeLoss, a gradient for each weight.
 */
export function controlNetStep(
  base: NetworkPart<UNetConfig>,
  control: NetworkPart<ControlNetConfig>,
  size: StepSize,
): Graph {
  const graph = new Graph('training step', base, { everyStep: true });
  const tape = new Tape(graph);
  const batch = batchInputs(graph, base.config, size);
  const { rows } = size;
  const large = { rows, height: 8 * size.height, width: 8 * size.width };
  const { conditioningChannels } = control.config;
  const image = graph.input('image', 'float32', [rows, conditioningChannels, large.height, large.width]);
  const every = { prefix: '', trained: () => true };
  const points = injectionPoints(base.config).length;
  const scale = graph.float(new Float32Array(rows * points).fill(1), [rows, points]);
  const sizes = { ...size };
  const { hint } = tape.inline(hintEncoder(control, { sizes: large }), { image }, every);
  const given = { ...batch.given, hint: hint as Value, scale };
  const residuals = tape.inline(controlNet(control, { sizes }), given, every);
  const { out } = tape.inline(unet(base, { sizes }), { ...batch.given, ...residuals }, { prefix: 'locked.' });
  writeLoss(tape, out as Value, batch);
  return graph;
}
