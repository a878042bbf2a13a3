import { Graph } from '../builder/graph.ts';
import type { UNetConfig } from '../configs.ts';
import { Tape } from '../gradient/tape.ts';
import type { Value } from '../ir/node.ts';
import { branchInputs } from '../layers/branch.ts';
import type { BranchSet } from '../networks/branch-sets.ts';
import { unet } from '../networks/unet.ts';
import { injectionPoints } from '../networks/injection-points.ts';
import type { NetworkPart } from '../weights.ts';
import { batchInputs, type StepSize, type StepUse, strengthInput, writeResult } from './step.ts';

export interface LoraStepOptions {
  /** The layers that have a pair of factors beside them. */
  readonly layers: BranchSet;
  readonly rank: number;
  /** What the product of the factors is multiplied by: alpha / rank. */
  readonly scale: number;
}

/**
 * One step of training a LoRA beside a locked UNet (Hu et al., 2021). Inputs: those of
 * batchInputs, and of one that predicts `strength` [rows, rank], in the place of the scale; outputs: those of writeResult. What is trained are
 * `<layer>.lora_down` [rank, ...inputs] and `<layer>.lora_up` [rank, outputs] of each layer.
 */
export function loraStep(
  base: NetworkPart<UNetConfig>,
  { layers, rank, scale }: LoraStepOptions,
  size: StepSize,
  use: StepUse = 'learn',
): Graph {
  const graph = new Graph('training step', base, { everyStep: true });
  const tape = new Tape(graph);
  const batch = batchInputs(graph, base.config, size);
  const network = unet(base, { branches: layers, sizes: { ...size } });
  const shape = [size.rows, rank];
  const scales =
    use === 'learn'
      ? graph.float(new Float32Array(size.rows * rank).fill(scale), shape)
      : graph.input(strengthInput, 'float32', shape);
  const given: Record<string, Value> = { ...batch };
  for (const { name, value } of network.inputs) {
    // The first axis of both factors is the rank, whose name is the layer's own.
    const rest = value.shape.slice(1) as readonly number[];
    if (name.endsWith(branchInputs.scale)) given[name] = scales;
    else if (name.endsWith(branchInputs.down) || name.endsWith(branchInputs.up))
      given[name] = tape.train(name, [rank, ...rest]);
  }
  const none = graph.float(new Float32Array(1), [1, 1, 1, 1]);
  for (let point = 0; point < injectionPoints(base.config).length; point++) given[`residual.${point}`] = none;
  const { out } = tape.inline(network, given, { prefix: '' });
  writeResult(tape, out as Value, use);
  return graph;
}
