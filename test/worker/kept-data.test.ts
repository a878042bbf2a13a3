import { describe, expect, it } from 'vitest';
import { limits } from '../../src/generation/limits.ts';
import { keptData } from '../../src/worker/kept-data.ts';

const ofBytes = (bytes: number) => ({ x: 'y'.repeat(bytes - '{"x":""}'.length) });

describe('what a job keeps of what was found', () => {
  it('is all that fits, in order, and a warning for what does not', () => {
    const [half, rest] = [ofBytes(limits.dataBytes / 2), ofBytes(limits.dataBytes / 2 + 1)];
    const { kept, warnings } = keptData([half, undefined, rest, half], ['a', 'b', 'c', 'd']);
    expect(kept).toEqual([half, undefined, undefined, half]);
    expect(warnings).toEqual(['c: what was found takes 32769 bytes as JSON and is left out: a job holds 65536.']);
  });
});
