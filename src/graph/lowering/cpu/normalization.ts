import { numberOf } from '../../ir/expect.ts';
import type { Emit, Value } from '../../ir/node.ts';
import type { GroupNormAttributes } from '../../ir/operators/normalization.ts';

/**
 * On a CPU onnxruntime takes ONNX's GroupNormalization apart into ten operators, some of which only copy. An instance
 * normalisation over the groups, then a batch normalisation that only scales and shifts, takes a sixth of the time
 * (docs/decisions/0003-split-controlnet-real-size.md).
 */
export const groupNorm: Emit<GroupNormAttributes> = (
  to,
  [x = '', scale = '', shift = ''],
  { groups, epsilon },
  { inputs },
) => {
  const channels = numberOf(inputs[0] as Value, 1);
  const constant = (value: number, count: number) => to.float(new Float32Array(count).fill(value), [count]);
  const grouped = to.op('Reshape', [x, to.int64([0, groups, -1])]);
  const normalized = to.op('InstanceNormalization', [grouped, constant(1, groups), constant(0, groups)], {
    epsilon: { float: epsilon },
  });
  const whole = to.op('Reshape', [normalized, to.op('Shape', [x])]);
  const neutral = [constant(0, channels), constant(1, channels)];
  return to.op('BatchNormalization', [whole, scale, shift, ...neutral], { epsilon: { float: 0 } });
};
