import type { Value } from '../ir/node.ts';
import { sizes } from '../ir/operators/shapes.ts';
import type { Tape } from './tape.ts';

export interface Loss {
  /** The mean squared error of each row, before its weight, [rows, 1, 1, 1]. */
  readonly ofRows: Value;
  /** The gradient of `made` for the mean over rows of weight x error. */
  readonly gradient: Value;
}

/** The mean squared error of `made` against `target`, both [rows, channels, h, w], and what it asks of `made`. `weights` is [rows, 1]. */
export function meanSquaredError({ graph }: Tape, made: Value, target: Value, weights: Value): Loss {
  const [rows = 0, ...rest] = sizes(made);
  const count = rest.reduce((all, size) => all * size, 1);
  const error = graph.op('Subtract', [made, target]);
  const sums = graph.op('SumTo', [graph.op('Multiply', [error, error])], { shape: [rows, 1, 1, 1] });
  const weighted = graph.op('ScaleRows', [error, weights]);
  return {
    ofRows: graph.op('Affine', [sums], { scale: 1 / count, shift: 0 }),
    gradient: graph.op('Affine', [weighted], { scale: 2 / (count * rows), shift: 0 }),
  };
}
