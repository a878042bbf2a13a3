import { describe, expect, it } from 'vitest';
import { type Conditioning, stackConditionings, structureOf } from '../../../src/pipeline/conditioning/conditioning.ts';

const context = (...values: readonly number[]) => ({ dims: [values.length, 1], data: Float32Array.from(values) });
const tokens = { dims: [2], data: Float32Array.of(7, 8) };

describe('conditionings of rows', () => {
  it('are stacked by name, in the order of the rows', () => {
    expect(stackConditionings([{ context: context(1, 2) }, { context: context(3, 4) }])).toEqual({
      context: { dims: [2, 2, 1], data: Float32Array.of(1, 2, 3, 4) },
    });
  });

  it('have zeros in rows that lack a name which others have', () => {
    const rows = [{ context: context(1) }, { context: context(2), tokens }];
    expect(stackConditionings(rows)).toEqual({
      context: { dims: [2, 1, 1], data: Float32Array.of(1, 2) },
      tokens: { dims: [2, 2], data: Float32Array.of(0, 0, 7, 8) },
    });
  });

  it('can share a batch where names and shapes are equal', () => {
    const of = (...rows: readonly Conditioning[]) => structureOf(rows.map((conditioning) => ({ conditioning })));
    const structure = of({ context: context(1, 2) });
    expect(of({ context: context(3, 4) }, { context: context(5, 6) })).toBe(structure);
    expect(of({ context: context(1, 2, 3) })).not.toBe(structure);
    expect(of({ context: context(1, 2) }, { context: context(1, 2), tokens })).not.toBe(structure);
  });
});
