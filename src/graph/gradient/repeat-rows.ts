import type { Value } from '../ir/node.ts';
import { sizes } from '../ir/operators/shapes.ts';
import type { Tape } from './tape.ts';

/** Rows [rows, channels, h, w] several times, one after another: as channels of a single row, which are joined. */
export function repeatRows(tape: Tape, rows: Value, times: number): Value {
  if (times === 1) return rows;
  const [count = 0, channels = 0, height = 0, width = 0] = sizes(rows);
  const one = tape.op('InShape', [rows], { shape: [1, count * channels, height, width] });
  const joined = tape.op(
    'ConcatChannels',
    Array.from({ length: times }, () => one),
  );
  return tape.op('InShape', [joined], { shape: [times * count, channels, height, width] });
}
