import type { Graph } from '../builder/graph.ts';
import type { Node, Operation, Value } from '../ir/node.ts';

/** The operations that an output depends on, in their order. */
export function liveOperations(graph: Graph): readonly Operation[] {
  const live = new Set<Node>(graph.outputs.map(({ value }) => value.node));
  for (const operation of graph.operations.toReversed()) {
    if (!live.has(operation)) continue;
    for (const input of operation.inputs) live.add(input.node);
  }
  return graph.operations.filter((operation) => live.has(operation));
}

/** Which operations read each value. */
export function readersOf(operations: readonly Operation[]): ReadonlyMap<Value, readonly Operation[]> {
  const readers = new Map<Value, Operation[]>();
  for (const operation of operations) {
    for (const input of operation.inputs) {
      const known = readers.get(input);
      if (known === undefined) readers.set(input, [operation]);
      else known.push(operation);
    }
  }
  return readers;
}
