import type { Value, ValueType } from './node.ts';
import { type Shape, shapeText, type Size, sameSize, sizeText } from './size.ts';

export function float32(shape: Shape): ValueType {
  return { shape, type: 'float32' };
}

/** A size of a value, counted from the end where `axis` is below 0. */
export function sizeOf(value: Value, axis: number): Size {
  const size = value.shape.at(axis);
  if (size === undefined) throw new RangeError(`Expected an axis ${axis} but the shape is ${shapeText(value.shape)}`);
  return size;
}

/** A size that no name stands for, such as a number of channels. */
export function numberOf(value: Value, axis: number): number {
  const size = sizeOf(value, axis);
  if (typeof size === 'number') return size;
  throw new RangeError(`Expected a number as size of axis ${axis} but it is ${sizeText(size)}`);
}

/** Throws RangeError where the shape of `value` is another one. */
export function expectShape(what: string, value: Value | undefined, shape: Shape): void {
  const same = value?.shape.length === shape.length && shape.every((size, axis) => sameSize(size, sizeOf(value, axis)));
  if (same) return;
  const received = value === undefined ? 'nothing' : shapeText(value.shape);
  throw new RangeError(`Expected ${what} of shape ${shapeText(shape)} but received ${received}`);
}

/** Throws RangeError where `value` has another number of axes. */
export function expectRank(what: string, value: Value | undefined, rank: number): void {
  if (value?.shape.length === rank) return;
  const received = value === undefined ? 'nothing' : shapeText(value.shape);
  throw new RangeError(`Expected ${what} with ${rank} axes but received ${received}`);
}
