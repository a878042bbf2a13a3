import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEvents } from '../../src/web/event-stream.js';

async function all<T>(values: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

async function* pieces(text: string, cuts: readonly number[]): AsyncGenerator<string> {
  let from = 0;
  for (const cut of [...cuts.toSorted((a, b) => a - b), text.length]) {
    yield text.slice(from, cut);
    from = cut;
  }
}

describe('the events of a stream', () => {
  const text =
    ': open\n\nid: 1\nevent: queued\ndata: {"at":"12:00:00"}\n\n: still here\n\nid: 2\nevent: progress\ndata: {"step":1,"steps":2}\n\n';
  const expected = [
    { id: '1', type: 'queued', data: { at: '12:00:00' } },
    { id: '2', type: 'progress', data: { step: 1, steps: 2 } },
  ];

  it('are the same wherever the text is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: text.length })), async (cuts) => {
        expect(await all(parseEvents(pieces(text, cuts)))).toEqual(expected);
      }),
    );
  });

  it('end with the last whole one', async () => {
    const cut = text.slice(0, -1);
    expect(await all(parseEvents(pieces(cut, [])))).toEqual(expected.slice(0, 1));
  });
});
