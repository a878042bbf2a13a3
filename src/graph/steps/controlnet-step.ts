import { Graph } from '../builder/graph.ts';
import type { ControlNetConfig, UNetConfig } from '../configs.ts';
import { Tape } from '../gradient/tape.ts';
import type { Value } from '../ir/node.ts';
import { controlNet } from '../networks/controlnet.ts';
import { hintEncoder } from '../networks/hint-encoder.ts';
import { injectionPoints } from '../networks/injection-points.ts';
import { repeatRows } from '../gradient/repeat-rows.ts';
import { unet } from '../networks/unet.ts';
import type { NetworkPart } from '../weights.ts';
import { batchInputs, type StepSize, type StepUse, strengthInput, writeResult } from './step.ts';

/**
 * One step of training a ControlNet beside a locked UNet (Zhang et al., 2023): forward, loss and backward as one graph. All float32.
 *
 * Inputs: those of batchInputs, `image` [rows / rowsOfMap, 3, 8 h, 8 w] in 0..1 (row r has map r modulo their number), and each weight of the ControlNet by its name (parts of one with their number behind
 * it). Outputs: those of writeResult, a gradient for each weight. One that predicts has the input `strength` [rows, injection points] too.
 */
export function controlNetStep(
  base: NetworkPart<UNetConfig>,
  control: NetworkPart<ControlNetConfig>,
  size: StepSize,
  use: StepUse = 'learn',
): Graph {
  const graph = new Graph('training step', base, { everyStep: true });
  const tape = new Tape(graph);
  const batch = batchInputs(graph, base.config, size);
  const { rows, rowsOfMap = 1, ...sizes } = size;
  const maps = rows / rowsOfMap;
  const large = { rows: maps, height: 8 * size.height, width: 8 * size.width };
  const { conditioningChannels } = control.config;
  const image = graph.input('image', 'float32', [maps, conditioningChannels, large.height, large.width]);
  const every = { prefix: '', trained: () => true };
  const points = injectionPoints(base.config).length;
  const scale =
    use === 'learn'
      ? graph.float(new Float32Array(rows * points).fill(1), [rows, points])
      : graph.input(strengthInput, 'float32', [rows, points]);
  const { hint } = tape.inline(hintEncoder(control, { sizes: large }), { image }, every);
  const given = { ...batch, hint: repeatRows(tape, hint as Value, rowsOfMap), scale };
  const residuals = tape.inline(controlNet(control, { sizes: { rows, ...sizes } }), given, every);
  const { out } = tape.inline(
    unet(base, { sizes: { rows, ...sizes } }),
    { ...batch, ...residuals },
    { prefix: 'locked.' },
  );
  writeResult(tape, out as Value, use);
  return graph;
}
