import { ArmatureError } from '../../errors.ts';
import type { WeightRef, WeightType, Weights } from '../weights.ts';
import type { ElementType } from './emitter.ts';

/** What a weight is made of. */
export type WeightExpression =
  | { readonly kind: 'stored'; readonly ref: WeightRef }
  /** One of `count` equal parts along the first axis. */
  | { readonly kind: 'part'; readonly of: WeightExpression; readonly index: number; readonly count: number };

/** How a weight comes into the network: read from where it lies as it is, or worked out once, when the network is loaded. */
export type Binding = 'in its file' | 'folded at load';

const elements: Record<WeightType, ElementType> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/** Bytes of a file, relative to the folder of its network. */
export type Place = Pick<WeightRef, 'file' | 'byteOffset' | 'byteLength'>;

/** Where the bytes of a weight lie. */
export function placeOf(expression: WeightExpression): Place {
  if (expression.kind === 'stored') return expression.ref;
  const { file, byteOffset, byteLength: whole } = placeOf(expression.of);
  const byteLength = whole / expression.count;
  return { file, byteOffset: byteOffset + expression.index * byteLength, byteLength };
}

/** The number format that it has there. */
export function storedType(expression: WeightExpression): WeightType {
  return expression.kind === 'stored' ? expression.ref.dtype : storedType(expression.of);
}

/** As values call it. */
export function elementTypeOf(expression: WeightExpression): ElementType {
  return elements[storedType(expression)];
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
  return { kind: 'stored', ref };
}

/** Shapes that are equal once the trailing 1s of 1x1 convolutions are dropped: the bytes are the same. */
function sameMatrix(stored: readonly number[], wanted: readonly number[]): boolean {
  return withoutKernel(stored).join() === withoutKernel(wanted).join();
}

function withoutKernel(shape: readonly number[]): readonly number[] {
  return shape.length === 4 && shape[2] === 1 && shape[3] === 1 ? shape.slice(0, 2) : shape;
}
