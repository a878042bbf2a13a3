import { numberOf } from '../../ir/expect.ts';
import type { Emit, Value } from '../../ir/node.ts';
import type { AffineAttributes } from '../../ir/operators/elementwise.ts';
import { nearest } from '../../ir/operators/resampling.ts';

export const affine: Emit<AffineAttributes> = (to, [x = ''], { scale, shift }) => {
  const scaled = to.op('Mul', [x, to.float([scale], [])]);
  return shift === 0 ? scaled : to.op('Add', [scaled, to.float([shift], [])]);
};

export const imageToTokens: Emit<object> = (to, [x = ''], _, { inputs }) => {
  const flat = to.op('Reshape', [x, to.int64([0, numberOf(inputs[0] as Value, 1), -1])]);
  return to.op('Transpose', [flat], { perm: { ints: [0, 2, 1] } });
};

export const tokensToImage: Emit<object> = (to, [tokens = '', like = '']) => {
  const flat = to.op('Transpose', [tokens], { perm: { ints: [0, 2, 1] } });
  return to.op('Reshape', [flat, to.op('Shape', [like])]);
};

export const prependToken: Emit<object> = (to, [tokens = '', token = '']) =>
  to.op('Concat', [to.op('Reshape', [token, to.int64([1, 1, -1])]), tokens], { axis: { int: 1 } });

export const resizeTo: Emit<object> = (to, [x = '', like = '']) => {
  const size = to.op('Shape', [like], { start: { int: 2 }, end: { int: 4 } });
  return to.op('Resize', [x, '', '', size], { ...nearest, axes: { ints: [2, 3] } });
};

export const shiftChannels: Emit<object> = (to, [x = '', shift = ''], _, { inputs }) => {
  const channels = numberOf(inputs[0] as Value, 1);
  return to.op('Add', [x, to.op('Reshape', [shift, to.int64([0, channels, 1, 1])])]);
};

export const scaleRows: Emit<object> = (to, [x = '', scale = '']) =>
  to.op('Mul', [x, to.op('Reshape', [scale, to.int64([-1, 1, 1, 1])])]);

export const scaleChannels: Emit<object> = (to, [x = '', scale = ''], _, { inputs }) => {
  const axes = (inputs[0] as Value).shape.length;
  if (axes === 2) return to.op('Mul', [x, scale]);
  return to.op('Mul', [x, to.op('Unsqueeze', [scale, to.int64(axes === 3 ? [1] : [2, 3])])]);
};
