import type { Graph } from '../graph/builder/graph.ts';
import type { Value } from '../graph/ir/node.ts';
import { sizes } from '../graph/ir/operators/shapes.ts';
import { elementCount } from '../numeric/tensor.ts';
import { leastMemory } from './required-memory.ts';
import type { TrainedArrays } from './trained-arrays.ts';

/** The process itself, before it has loaded anything. */
const processBytes = 2 ** 28;
/** What the runtime holds for each byte of values that are alive: it reuses memory by size, and convolutions and their gradients work in memory of their own (docs/decisions/0026). */
const perAlive = 1.7;
const bytesOf = { float32: 4, float16: 2, bfloat16: 2, float8e4m3fn: 1, float8e5m2: 1, int32: 4, int64: 8 } as const;

/**
 * An estimate of the bytes that a process needs which learns by steps of a graph: the locked weights, what moves, and the values that are alive at once where the
 * operations go in their order, each until the last that reads it. `looked` numbers of locked networks are loaded beside it, where it is looked at.
 */
export function memoryOfSteps(
  graph: Graph,
  { length }: TrainedArrays,
  { averaged, looked }: { readonly averaged: boolean; readonly looked: number },
): number {
  const locked = graph.weights.reduce((sum, value) => sum + bytesOfValue(value), bytesOf.float32 * looked);
  return processBytes + locked + leastMemory(length, averaged) + Math.round(perAlive * mostAlive(graph));
}

/** Bytes of the values of operations that are alive at once at most. Outputs stay, and the same numbers in another shape are the same bytes. */
function mostAlive({ operations, outputs }: Graph): number {
  const last = new Map<Value, number>();
  for (const [at, { inputs }] of operations.entries()) for (const value of inputs) last.set(ownerOf(value), at);
  for (const { value } of outputs) last.set(ownerOf(value), operations.length);
  const ending = new Map<number, number>();
  let [alive, most] = [0, 0];
  for (const [at, { results }] of operations.entries()) {
    for (const value of results) {
      const end = last.get(value);
      // What nobody reads is not computed.
      if (end === undefined) continue;
      const bytes = bytesOfValue(value);
      alive += bytes;
      ending.set(end, (ending.get(end) ?? 0) + bytes);
    }
    most = Math.max(most, alive);
    alive -= ending.get(at) ?? 0;
  }
  return most;
}

/** The value whose bytes a value has. */
function ownerOf(value: Value): Value {
  const { node } = value;
  const [of] = node.kind === 'operation' && node.operator.view === true ? node.inputs : [];
  return of === undefined ? value : ownerOf(of);
}

function bytesOfValue(value: Value): number {
  return elementCount(sizes(value)) * bytesOf[value.type];
}
