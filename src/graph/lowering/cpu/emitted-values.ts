import type { EmittedName } from '../../ir/emitter.ts';
import type { Value, WeightNode } from '../../ir/node.ts';
import { sameSize, type Size } from '../../ir/size.ts';
import { elementTypeOf, placeOf, storedRef, type WeightExpression } from '../../ir/weight.ts';
import type { OnnxEmitter } from '../onnx-emitter.ts';
import { emitMerged } from './merged-weights.ts';
import { asWeight } from './stored-numbers.ts';
import { emitTransposed } from './transposed-weight.ts';

/** A value as it was emitted: in its own shape, or sequences [rows, length, width] as a matrix [rows * length, width], or both. */
interface Emitted {
  whole?: EmittedName;
  matrix?: EmittedName;
  /** The int64 pair [rows, length] of sequences, once a node has computed it. */
  rowsAndLength?: EmittedName;
}

/** What the values of a graph are called once they are emitted; the form that is asked for is made from the other, once. */
export class EmittedValues {
  readonly #to: OnnxEmitter;
  readonly #emitted = new Map<Value, Emitted>();
  /** Weights that are worked out, once each, though several values may be parts of one. */
  readonly #merged = new Map<WeightExpression, EmittedName>();

  constructor(to: OnnxEmitter) {
    this.#to = to;
  }

  whole(value: Value): EmittedName {
    const emitted = this.#of(value);
    emitted.whole ??= this.#sequences(emitted, widthOf(value) ?? -1);
    return emitted.whole;
  }

  /** Sequences as a matrix; any other value in its own shape. */
  matrix(value: Value): EmittedName {
    if (!isSequences(value)) return this.whole(value);
    const emitted = this.#of(value);
    if (emitted.matrix === undefined) {
      const whole = this.whole(value);
      emitted.rowsAndLength ??= this.#to.op('Shape', [whole], { start: { int: 0 }, end: { int: 2 } });
      const width = widthOf(value);
      emitted.matrix =
        width === null
          ? this.#to.op('Flatten', [whole], { axis: { int: 2 } })
          : this.#to.op('Reshape', [whole, this.#to.int64([-1, width])]);
    }
    return emitted.matrix;
  }

  /** Notes what a result is called in one of its forms. `like` is a value whose rows and lengths it may share. */
  note(value: Value, form: 'whole' | 'matrix', name: EmittedName, like?: Value): void {
    const emitted: Emitted = form === 'matrix' && isSequences(value) ? { matrix: name } : { whole: name };
    const known = like !== undefined && sameRows(value, like) ? this.#emitted.get(like)?.rowsAndLength : undefined;
    if (known !== undefined) emitted.rowsAndLength = known;
    this.#emitted.set(value, emitted);
  }

  #of(value: Value): Emitted {
    const known = this.#emitted.get(value);
    if (known !== undefined) return known;
    const emitted = { whole: this.#source(value) };
    this.#emitted.set(value, emitted);
    return emitted;
  }

  #sequences({ matrix, rowsAndLength }: Emitted, width: number): EmittedName {
    const shape = this.#to.op('Concat', [rowsAndLength ?? '', this.#to.int64([width])], { axis: { int: 0 } });
    return this.#to.op('Reshape', [matrix ?? '', shape]);
  }

  /** A value that no operation makes. */
  #source(value: Value): EmittedName {
    const { node, shape } = value;
    if (node.kind === 'weight') return this.#weight(node, value);
    if (node.kind === 'constant') return this.#to.float(node.data, shape as readonly number[]);
    if (node.kind === 'input') return node.name;
    throw new RangeError(`Expected an operation ${node.name} before those that read it`);
  }

  /** onnxruntime folds the conversion when it loads the network. */
  #weight({ name, expression, binding }: WeightNode, { shape, type }: Value): EmittedName {
    const dims = shape as readonly number[];
    const place = placeOf(expression);
    if (place === null) return this.#workedOut(expression);
    const stored = this.#to.stored(name, elementTypeOf(expression), dims, place);
    if (binding === 'in its file') return stored;
    return type === 'float32' ? asWeight(this.#to, stored, storedRef(expression)) : this.#to.cast(stored, type);
  }

  #workedOut(expression: WeightExpression): EmittedName {
    if (expression.kind === 'part') {
      const { of, index, count } = expression;
      const whole = this.#workedOut(of);
      const rows = (of.kind === 'merged' ? (of.shape[0] ?? 0) : 0) / count;
      const [from, to, axis] = [[index * rows], [(index + 1) * rows], [0]].map((at) => this.#to.int64(at));
      return this.#to.op('Slice', [whole, from ?? '', to ?? '', axis ?? '']);
    }
    if (expression.kind === 'transposed') return emitTransposed(this.#to, expression);
    if (expression.kind !== 'merged') throw new RangeError('Expected a weight that is worked out but it is stored');
    const known = this.#merged.get(expression);
    if (known !== undefined) return known;
    const name = emitMerged(this.#to, expression);
    this.#merged.set(expression, name);
    return name;
  }
}

/** The width of vectors; null where it is known only when the network runs. */
function widthOf({ shape }: Value): number | null {
  const width = shape.at(-1);
  return typeof width === 'number' ? width : null;
}

export function isSequences(value: Value): boolean {
  return value.shape.length === 3;
}

/** Whether both are sequences of the same number and length. */
export function sameRows(a: Value, b: Value): boolean {
  return (
    isSequences(a) && isSequences(b) && [0, 1].every((axis) => sameSize(a.shape[axis] as Size, b.shape[axis] as Size))
  );
}
