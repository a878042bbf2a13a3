import { ArmatureError } from '../../errors.ts';
import type { StoredNumbers, WeightRef, WeightType, Weights } from '../weights.ts';
import type { ScaledDelta } from '../delta.ts';
import type { ElementType } from './emitter.ts';

/** What a weight is made of. */
export type WeightExpression =
  | StoredWeight
  | TransposedWeight
  /** One of `count` equal parts along the first axis. */
  | { readonly kind: 'part'; readonly of: WeightExpression; readonly index: number; readonly count: number }
  /** Of this shape, with what adapters add to it. */
  | {
      readonly kind: 'merged';
      readonly of: WeightExpression;
      readonly shape: readonly number[];
      readonly deltas: readonly ScaledDelta[];
    };

interface StoredWeight {
  readonly kind: 'stored';
  readonly ref: WeightRef;
}

/** A matrix whose rows and columns lie the other way round in its file. */
export interface TransposedWeight {
  readonly kind: 'transposed';
  readonly of: StoredWeight;
}

/** How a weight comes into the network: read from where it lies as it is, or worked out once, when the network is loaded. */
export type Binding = 'in its file' | 'folded at load';

const elements: Record<WeightType, ElementType> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F8_E4M3: 'float8e4m3fn',
  F8_E5M2: 'float8e5m2',
};

/** Bytes of a file, relative to the folder of its network. */
export type Place = Pick<WeightRef, 'file' | 'byteOffset' | 'byteLength'>;

/** Where the bytes of a weight lie; null for one that lies nowhere, because it is worked out. */
export function placeOf(expression: WeightExpression): Place | null {
  if (expression.kind === 'stored') return expression.ref;
  if (expression.kind === 'merged' || expression.kind === 'transposed') return null;
  const place = placeOf(expression.of);
  if (place === null) return null;
  const { file, byteOffset, byteLength: whole } = place;
  const byteLength = whole / expression.count;
  return { file, byteOffset: byteOffset + expression.index * byteLength, byteLength };
}

/** What it is read from. */
export function storedRef(expression: WeightExpression): WeightRef {
  return expression.kind === 'stored' ? expression.ref : storedRef(expression.of);
}

/** The number format of what it is read from. */
export function storedType(expression: WeightExpression): WeightType {
  return storedRef(expression).dtype;
}

/** As values call it; what is worked out is float32. */
export function elementTypeOf(expression: WeightExpression): ElementType {
  return placeOf(expression) === null ? 'float32' : elements[storedType(expression)];
}

/** The format of what lies in a file. */
export function elementTypeOfRef({ dtype }: StoredNumbers): ElementType {
  return elements[dtype];
}

/** The weight `name` of `network`, which the architecture asks for in `shape`; a 1x1 convolution may stand for a matrix. */
export function storedWeight(
  weights: Weights,
  network: string,
  name: string,
  shape: readonly number[],
): WeightExpression {
  const ref = weights.get(name);
  const expected = `[${shape.join(', ')}] for weight ${name} of the ${network}`;
  if (ref === undefined) {
    throw new ArmatureError('model_invalid', `Expected shape ${expected} but the model has no such weight.`);
  }
  if (!sameMatrix(ref.shape, shape)) {
    const received = `${ref.file} has [${ref.shape.join(', ')}]`;
    throw new ArmatureError('model_invalid', `Expected shape ${expected} but ${received}.`);
  }
  const stored = { kind: 'stored', ref } as const;
  return ref.transposed === true ? { kind: 'transposed', of: stored } : stored;
}

/** Shapes that are equal once the trailing 1s of 1x1 convolutions are dropped: the bytes are the same. */
function sameMatrix(stored: readonly number[], wanted: readonly number[]): boolean {
  return withoutKernel(stored).join() === withoutKernel(wanted).join();
}

function withoutKernel(shape: readonly number[]): readonly number[] {
  return shape.length === 4 && shape[2] === 1 && shape[3] === 1 ? shape.slice(0, 2) : shape;
}
