import type { Graph } from '../../builder/graph.ts';
import type { Value } from '../../ir/node.ts';

/** An operation whose gradient is asked for, and the gradients of its results: undefined for one that nothing depends on. */
export interface Differentiated<Attributes extends object = object> {
  readonly inputs: readonly Value[];
  readonly results: readonly Value[];
  readonly attributes: Attributes;
  readonly gradients: readonly (Value | undefined)[];
}

/**
 * Writes the gradients of an operation's inputs, in their order: null for one of which only the shape is read, none at all behind the last
 * that is known. What nobody asks for is left out when the graph is lowered.
 */
export type GradientRule<Attributes extends object = object> = (
  to: Graph,
  operation: Differentiated<Attributes>,
) => readonly (Value | null | undefined)[];

/** The gradient of the first result, which is the one that others read. */
export function gradientOf({ gradients: [gradient] }: Pick<Differentiated, 'gradients'>): Value {
  if (gradient === undefined) throw new RangeError('Expected the gradient of a result');
  return gradient;
}
