import { numberOf } from '../../ir/expect.ts';
import type { Emit, Value } from '../../ir/node.ts';
import type { EqualsAttributes } from '../../ir/operators/sequences.ts';
import type { SinusoidAttributes } from '../../ir/operators/sinusoids.ts';

/** The rows are widened, not the table: it stays in the number format of its file. */
export const embed: Emit<object> = (to, inputs) => to.cast(to.op('Gather', inputs), 'float32');

export const equals: Emit<EqualsAttributes> = (to, [x = ''], { value }) =>
  to.cast(to.op('Equal', [x, to.int32([value], [])]), 'int32');

export const replace: Emit<object> = (to, [x = '', others = '', places = '']) => {
  const isThere = to.op('Greater', [to.op('Unsqueeze', [places, to.int64([-1])]), to.int32([0], [])]);
  return to.op('Where', [isThere, others, x]);
};

export const sinusoids: Emit<SinusoidAttributes> = (to, [x = ''], { frequencies, first }, { inputs }) => {
  const column = to.op('Reshape', [x, to.int64([-1, 1])]);
  const angles = to.op('Mul', [column, to.float(frequencies, [1, frequencies.length])]);
  const sine = to.op('Sin', [angles]);
  const cosine = to.op('Cos', [angles]);
  const both = to.op('Concat', first === 'cosine' ? [cosine, sine] : [sine, cosine], { axis: { int: 1 } });
  const [numbers] = inputs as readonly [Value];
  if (numbers.shape.length === 1) return both;
  return to.op('Reshape', [both, to.int64([-1, numberOf(numbers, 1) * 2 * frequencies.length])]);
};
