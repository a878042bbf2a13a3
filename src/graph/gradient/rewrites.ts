import type { Graph } from '../builder/graph.ts';
import type { OperatorName } from '../builder/operators.ts';
import type { Operation, Value } from '../ir/node.ts';
import { shapeText } from '../ir/size.ts';

/** Writes an operation in another way, on other inputs; gives its results. */
type Rewrite = (to: Pick<Graph, 'op' | 'several'>, inputs: readonly Value[], operation: Operation) => readonly Value[];

/** How operations are written where a gradient flows through them: taken apart, or so that they keep what the gradient is made of. */
export const rewrites: { readonly [Name in OperatorName]?: Rewrite } = {
  /** Once every size is known, what it adds has the same shape, or one that stands for any. */
  AddTo: (to, inputs) => {
    const sum = to.op('Add', inputs);
    const [a, b] = inputs as readonly [Value, Value];
    if (shapeText(sum.shape) === shapeText(a.shape)) return [sum];
    throw new RangeError(`Expected ${shapeText(a.shape)} to be added but received ${shapeText(b.shape)}`);
  },
  GEGLU: (to, [value, gate]) => [to.op('Multiply', [value as Value, to.op('Gelu', [gate as Value])])],
  GroupNorm: (to, inputs, { attributes }) => to.several('GroupNormKept', inputs, attributes as never).slice(0, 1),
  LayerNorm: (to, inputs, { attributes }) => to.several('LayerNormKept', inputs, attributes as never).slice(0, 1),
};
