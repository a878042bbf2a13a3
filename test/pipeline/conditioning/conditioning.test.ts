import { describe, expect, it } from 'vitest';
import {
  canShareRun,
  type Conditioning,
  conditioningAt,
  stackConditionings,
  structureOf,
  throughout,
} from '../../../src/pipeline/conditioning/conditioning.ts';

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

  it('of unequal length are repeated to their least common multiple, each as often as it fits', () => {
    const rows = [{ context: context(1, 2) }, { context: context(3, 4, 5) }, { context: context(6) }, {}];
    expect(stackConditionings(rows)).toEqual({
      context: {
        dims: [4, 6, 1],
        data: Float32Array.of(1, 2, 1, 2, 1, 2, 3, 4, 5, 3, 4, 5, 6, 6, 6, 6, 6, 6, 0, 0, 0, 0, 0, 0),
      },
    });
  });

  it('can share a batch where names and shapes are equal, however long they are', () => {
    const of = (...rows: readonly Conditioning[]) =>
      structureOf(rows.map((conditioning) => ({ conditionings: throughout(conditioning) })));
    const structure = of({ context: context(1, 2) });
    expect(of({ context: context(3, 4) }, { context: context(5, 6) })).toBe(structure);
    expect(of({ context: context(1, 2, 3) })).toBe(structure);
    expect(of({ context: { dims: [2, 3], data: new Float32Array(6) } })).not.toBe(structure);
    expect(of({ context: context(1, 2) }, { context: context(1, 2), tokens })).not.toBe(structure);
    expect(of({ tokens })).not.toBe(of({ tokens: { dims: [3], data: new Float32Array(3) } }));
  });

  it('go through a network together where that makes them at most twelve chunks long, or as long as the longest', () => {
    const long = (chunks: number) => ({ context: { dims: [77 * chunks, 1], data: new Float32Array(77 * chunks) } });
    const share = (...chunks: readonly number[]) => canShareRun(chunks.map(long));
    expect(share(1, 2, 3, 4, 6, 12)).toBe(true);
    expect(share(1, 16, 8)).toBe(true);
    expect(share(3, 5)).toBe(false);
    expect(share(13)).toBe(true);
    expect(share(13, 2)).toBe(false);
  });

  it('are told by step, the last one from then on', () => {
    const [a, b] = [{ context: context(1) }, { context: context(2) }];
    const schedule = { distinct: [a, b], at: [0, 1, 0] };
    expect([0, 1, 2, 3].map((step) => conditioningAt(schedule, step))).toEqual([a, b, a, a]);
    expect(conditioningAt(throughout(b), 7)).toBe(b);
  });
});
