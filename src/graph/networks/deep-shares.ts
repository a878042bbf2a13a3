import type { GraphOutput } from '../builder/graph.ts';
import type { UNetConfig } from '../configs.ts';
import type { Node, Operation, Value } from '../ir/node.ts';
import { evaluate } from '../ir/size.ts';
import type { NetworkPart } from '../weights.ts';
import { writeUNet } from './unet.ts';

/** A picture of 512x512 and one chunk of a prompt. */
const sizes = { rows: 1, height: 64, width: 64, tokens: 77 } as const;

/**
 * What a step costs that goes on with kept features, as a share of a whole one, by the skip connection at which the UNet is cut (see DeepCut): by the
 * multiplications of its convolutions, products and attentions.
 */
export function deepShares(part: NetworkPart<UNetConfig>): readonly number[] {
  const { graph, deep } = writeUNet(part);
  const operations = graph.operations.toReversed().map((operation) => ({ operation, work: workOf(operation) }));
  const [{ value: out }] = graph.outputs as readonly [GraphOutput];
  const whole = workFor(operations, out, null);
  return deep.map((cut) => workFor(operations, out, cut) / whole);
}

/** An operation and its multiplications. */
interface Worked {
  readonly operation: Operation;
  readonly work: number;
}

/** Multiplications that a value takes where another one is given; the operations from the last one on. */
function workFor(operations: readonly Worked[], value: Value, given: Value | null): number {
  const live = new Set<Node>([value.node]);
  let sum = 0;
  for (const { operation, work } of operations) {
    if (!live.has(operation) || operation === given?.node) continue;
    sum += work;
    for (const input of operation.inputs) live.add(input.node);
  }
  return sum;
}

function workOf({ name, inputs, results }: Operation): number {
  const [first, second] = inputs;
  const made = countOf(results[0]);
  if (name === 'Linear' || name === 'Convolution') return made * (countOf(second) / lengthOf(second, 0));
  // Scores, and the means by them.
  if (name === 'Attention') return 2 * countOf(first) * lengthOf(second, 1);
  return 0;
}

function countOf(value: Value | undefined): number {
  return (value?.shape ?? []).reduce<number>((all, size) => all * evaluate(size, sizes), 1);
}

function lengthOf(value: Value | undefined, axis: number): number {
  return evaluate(value?.shape[axis] ?? 1, sizes);
}
