import { float32 } from '../expect.ts';
import type { OnnxOperator, Operator } from '../node.ts';
import { type Shape, sameSize, shapeText, type Size } from '../size.ts';

/** a + b, where a size of 1, or an axis that is missing in front, stands for any. */
export const add: OnnxOperator = {
  infer: ([a, b]) => [float32(broadcast(a?.shape ?? [], b?.shape ?? []))],
  emit: (to, inputs) => to.op('Add', inputs),
  rowwise: true,
};

/** a + b, where b has any shape that broadcasts to that of a: its sizes may be known only when the network runs. */
export const addTo: OnnxOperator = {
  infer: ([a]) => [float32(a?.shape ?? [])],
  emit: (to, inputs) => to.op('Add', inputs),
};

/** a - b, where shapes broadcast as in Add. */
export const subtract: OnnxOperator = {
  infer: ([a, b]) => [float32(broadcast(a?.shape ?? [], b?.shape ?? []))],
  emit: (to, inputs) => to.op('Sub', inputs),
  rowwise: true,
};

/** a b of each number, where shapes broadcast as in Add. */
export const multiply: OnnxOperator = {
  infer: ([a, b]) => [float32(broadcast(a?.shape ?? [], b?.shape ?? []))],
  emit: (to, inputs) => to.op('Mul', inputs),
  rowwise: true,
};

export interface AffineAttributes {
  readonly scale: number;
  readonly shift: number;
}

/** scale x + shift. */
export const affine: Operator<AffineAttributes> = { infer: ([x]) => [float32(x?.shape ?? [])], rowwise: true };

function broadcast(a: Shape, b: Shape): Shape {
  const length = Math.max(a.length, b.length);
  return Array.from({ length }, (_, index) => {
    const [from, other] = [a, b].map((shape): Size => shape[shape.length - length + index] ?? 1);
    if (from === undefined || other === undefined) return 1;
    if (from === 1 || sameSize(from, other)) return other;
    if (other === 1) return from;
    throw new RangeError(`Expected shapes that broadcast but received ${shapeText(a)} and ${shapeText(b)}`);
  });
}
