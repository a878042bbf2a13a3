import { elementCount } from '../../numeric/tensor.ts';
import { lowRankOf } from '../../graph/delta.ts';
import type { WeightRef, Weights } from '../../graph/weights.ts';
import { readFloats } from '../safetensors/safetensors.ts';
import type { FittedDelta } from './module-deltas.ts';

/** What an adapter adds to one layer: the product of two thin matrices, with what its file says of their scale in the second one. */
export interface LowRankFactors {
  readonly rank: number;
  /** [rank, inputs], the taps of a kernel one after another for each input. */
  readonly down: Float32Array;
  /** [rank, outputs] */
  readonly up: Float32Array;
}

/** By layer. */
export type LayerFactors = ReadonlyMap<string, LowRankFactors>;

/**
 * Reads what an adapter adds to the layers of one network, each of its deltas being a product of low rank (see lowRankOf), and its file
 * lying in `folder`. `weights` are the network's.
 */
export async function readLowRankFactors(
  folder: string,
  deltas: ReadonlyMap<string, FittedDelta>,
  weights: Weights,
): Promise<LayerFactors> {
  const factors = new Map<string, LowRankFactors>();
  for (const [name, { delta, inputs }] of deltas) {
    const product = lowRankOf(delta);
    if (product === null) throw new RangeError(`Expected a product of low rank for ${name} but it is ${delta.kind}`);
    const { left, right, times } = product;
    const [outputs = 0, rank = 0] = left.shape;
    const shape = weights.get(name)?.shape ?? [];
    const taps = elementCount(shape.slice(2));
    const down = widened(await readFloats(folder, right), inputs * taps, (shape[1] ?? 0) * taps);
    const up = transposed(await readFloats(folder, left), outputs, rank, times);
    factors.set(name.replace(/\.weight$/, ''), { rank, down, up });
  }
  return factors;
}

/** Numbers that {@link readLowRankFactors} will hold, as far as headers tell. */
export function countFactors(deltas: ReadonlyMap<string, FittedDelta>): number {
  const sizeOf = (ref: WeightRef | undefined): number => elementCount(ref?.shape ?? [0]);
  return [...deltas.values()].reduce((sum, { delta }) => {
    const product = lowRankOf(delta);
    return sum + sizeOf(product?.left) + sizeOf(product?.right);
  }, 0);
}

/** Rows of `length` numbers with zeros behind each: input channels that an adapter does not know. */
function widened(rows: Float32Array, length: number, wanted: number): Float32Array {
  if (length === wanted) return rows;
  const count = rows.length / length;
  const wide = new Float32Array(count * wanted);
  for (let row = 0; row < count; row++) wide.set(rows.subarray(row * length, (row + 1) * length), row * wanted);
  return wide;
}

/** [rows, columns] as [columns, rows], times a number. */
function transposed(matrix: Float32Array, rows: number, columns: number, times: number): Float32Array {
  const turned = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      turned[column * rows + row] = (matrix[row * columns + column] ?? 0) * times;
    }
  }
  return turned;
}
