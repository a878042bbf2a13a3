import type { EmittedName } from '../../../ir/emitter.ts';
import { numberOf } from '../../../ir/expect.ts';
import type { Emit, Value } from '../../../ir/node.ts';
import type { AttentionAttributes } from '../../../ir/operators/attention.ts';

/**
 * With P the probabilities, O = P V the result of each head and G its gradient: dV = P^T G, and with S = P (G V^T - rowsum(G O)) dQ = c S K and dK = c S^T Q,
 * c = 1 / sqrt(width of a head). The row sum is one more column of the product G V^T.
 */
export const attentionGradient: Emit<AttentionAttributes> = (
  to,
  [query = '', key = '', value = '', result = '', gradient = '', bias],
  { heads },
  { inputs },
) => {
  const [queries, keys] = [inputs[0] as Value, inputs[1] as Value];
  const [rows, length, width] = [0, 1, 2].map((axis) => numberOf(queries, axis)) as [number, number, number];
  const others = numberOf(keys, 1);
  const head = width / heads;
  const scale = { float: head ** -0.5 };
  const apart = (x: EmittedName, count: number) => to.op('Reshape', [x, to.int64([rows, count, heads, head])]);
  const turned = (x: EmittedName) => to.op('Transpose', [x], { perm: { ints: [0, 2, 1, 3] } });
  const joined = (x: EmittedName, count: number) => to.op('Reshape', [turned(x), to.int64([rows, count, width])]);
  const [q, k, v] = [turned(apart(query, length)), turned(apart(key, others)), turned(apart(value, others))];
  const g = turned(apart(gradient, length));
  const scores = to.contrib('FusedMatMul', [q, k], { transB: { int: 1 }, alpha: scale });
  const biased = bias === undefined ? scores : to.op('Add', [scores, bias]);
  const probabilities = to.op('Softmax', [biased], { axis: { int: -1 } });
  const both = to.op('Mul', [apart(gradient, length), apart(result, length)]);
  const sums = to.op('ReduceSum', [both, to.int64([3])], { keepdims: { int: 1 } });
  const wider = to.op('Concat', [g, to.op('Neg', [turned(sums)])], { axis: { int: 3 } });
  const ones = to.float(new Float32Array(rows * heads * others).fill(1), [rows, heads, others, 1]);
  const values = to.op('Concat', [v, ones], { axis: { int: 3 } });
  const slopes = to.op('Mul', [probabilities, to.contrib('FusedMatMul', [wider, values], { transB: { int: 1 } })]);
  return [
    joined(to.contrib('FusedMatMul', [slopes, k], { alpha: scale }), length),
    joined(to.contrib('FusedMatMul', [slopes, q], { transA: { int: 1 }, alpha: scale }), others),
    joined(to.contrib('FusedMatMul', [probabilities, g], { transA: { int: 1 } }), others),
  ];
};
