/**
 * A dense float32 array in row-major (NCHW) order. Whoever receives a tensor may read it; only its maker may write to it,
 * and only before handing it on.
 */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

export function tensor(dims: readonly number[], data: Float32Array): Tensor {
  if (data.length !== elementCount(dims)) {
    throw new RangeError(
      `Expected ${elementCount(dims)} values for shape [${dims.join(', ')}] but received ${data.length}`,
    );
  }
  return { dims, data };
}

export function zeros(dims: readonly number[]): Tensor {
  return { dims, data: new Float32Array(elementCount(dims)) };
}

/** Row `index` of the first axis, as a view (no copy) of shape dims[1..]. */
export function row(source: Tensor, index: number): Float32Array {
  const size = source.data.length / (source.dims[0] ?? 1);
  return source.data.subarray(index * size, (index + 1) * size);
}

/** Tensors of equal shape stacked along a new first axis. */
export function stack(rows: readonly Float32Array[], rowDims: readonly number[]): Tensor {
  const size = elementCount(rowDims);
  const data = new Float32Array(size * rows.length);
  rows.forEach((values, index) => data.set(values, index * size));
  return { dims: [rows.length, ...rowDims], data };
}

/** Integers in the same order, for inputs such as token ids. */
export interface IntegerTensor {
  readonly dims: readonly number[];
  readonly data: Int32Array;
}

/** Rows of token ids, all of one length, as [rows, length]. */
export function stackIds(rows: readonly Int32Array[]): IntegerTensor {
  const length = rows[0]?.length ?? 0;
  const data = new Int32Array(rows.length * length);
  rows.forEach((ids, index) => data.set(ids, index * length));
  return { dims: [rows.length, length], data };
}

/** [rows, A, h, w] and [rows, B, h, w] as [rows, A + B, h, w]. */
export function concatChannels(first: Tensor, second: Tensor): Tensor {
  const [rows = 0, channels = 0, ...size] = first.dims;
  const both = Array.from({ length: rows }, (_, index) => {
    const [left, right] = [row(first, index), row(second, index)];
    const values = new Float32Array(left.length + right.length);
    values.set(left);
    values.set(right, left.length);
    return values;
  });
  return stack(both, [channels + (second.dims[1] ?? 0), ...size]);
}
