import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRange } from '../../../src/server/http/byte-range.ts';

describe('Range', () => {
  test.each([
    [undefined, null],
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=10-', { start: 10, end: 99 }],
    ['bytes=-10', { start: 90, end: 99 }],
    ['bytes=-1000', { start: 0, end: 99 }],
    ['bytes=10-1000', { start: 10, end: 99 }],
    ['bytes=0-1,5-6', null],
    ['items=0-1', null],
    ['bytes=5-2', null],
    ['bytes=-', null],
  ])('%s of 100 bytes', (header, expected) => {
    expect(readRange(header, 100)).toEqual(expected);
  });

  test.each(['bytes=100-', 'bytes=100-200', 'bytes=-0'])('%s lies outside 100 bytes', (header) => {
    expect(() => readRange(header, 100)).toThrow(expect.objectContaining({ code: 'range_not_satisfiable' }));
  });

  test('never reaches outside the object', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1000), fc.integer({ min: 1, max: 500 }), (first, last, size) => {
        fc.pre(first < size);
        const range = readRange(`bytes=${first}-${last}`, size);
        return range === null || (range.start === first && range.end >= first && range.end < size);
      }),
    );
  });
});
