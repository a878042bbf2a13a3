import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/generation/request/limits.ts';
import { KeptData } from '../../../src/drawing/runners/kept-data.ts';

const ofBytes = (bytes: number) => ({ x: 'y'.repeat(bytes - '{"x":""}'.length) });

describe('what a job keeps of what was found', () => {
  it('is all that fits, in order, and a warning for what does not', () => {
    const [half, rest] = [ofBytes(limits.dataBytes / 2), ofBytes(limits.dataBytes / 2 + 1)];
    const kept = new KeptData();
    const fields = [half, undefined, rest, half].map((data, index) => kept.keep('abcd'.charAt(index), data));
    expect(fields).toEqual([{ data: half }, {}, {}, { data: half }]);
    expect(kept.warnings).toEqual(['c: what was found takes 32769 bytes as JSON and is left out: a job holds 65536.']);
  });
});
