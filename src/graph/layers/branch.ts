import type { Graph } from '../builder/graph.ts';
import { numberOf } from '../ir/expect.ts';
import type { Value } from '../ir/node.ts';

/** What the inputs of a layer's branch are called behind its name. */
export const branchInputs = { down: '.lora_down', up: '.lora_up', scale: '.lora_scale' } as const;

/**
 * What low-rank adapters (Hu et al., 2021) add beside the layer `name`, where the network has a branch there: `made` + scale * (x down) up, of
 * a rank that is known only when the network runs. The factors of all adapters are joined along it, so that rows may have different ones.
 * Its inputs are `<name>.lora_down` [rank, ...down], `<name>.lora_up` [rank, outputs], with several results their outputs one after
 * another, and `<name>.lora_scale` [rows, rank]. `narrow` makes of a weight down what the layer makes of its own, without a bias.
 */
export function withBranch(
  graph: Graph,
  name: string,
  made: readonly Value[],
  down: readonly number[],
  narrow: (down: Value) => Value,
): readonly Value[] {
  if (!graph.hasBranch(name)) return made;
  const rank = `${name}.rank`;
  const outputs = made.map((value) => numberOf(value, value.shape.length === 4 ? 1 : -1));
  const factor = graph.input(`${name}${branchInputs.down}`, 'float32', [rank, ...down]);
  const all = graph.input(`${name}${branchInputs.up}`, 'float32', [rank, outputs.reduce((sum, one) => sum + one, 0)]);
  const scale = graph.input(`${name}${branchInputs.scale}`, 'float32', ['rows', rank]);
  const ups = made.length === 1 ? [all] : graph.several('SplitChannels', [all], { count: made.length });
  const narrowed = graph.op('ScaleChannels', [narrow(factor), scale]);
  return made.map((value, index) => graph.op('AddProduct', [value, narrowed, ups[index] as Value]));
}
