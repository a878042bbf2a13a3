import { expect, test } from 'vitest';
import { Pieces } from '../../src/device/pieces.ts';

/** What happened, and a wait that ends when it is told to. */
function scene() {
  const pieces = new Pieces();
  const events: string[] = [];
  let end = (): void => {};
  const wait = new Promise<void>((resolve) => (end = resolve));
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { pieces, events, wait, end: () => end(), done: { promise, resolve: () => resolve() } };
}

test('a piece that waits for a network goes aside; others go on, and it has its turn alone', async () => {
  const { pieces, events, wait, end, done } = scene();
  pieces.add(async () => {
    events.push('first');
    await pieces.aside(async () => await wait);
    events.push('first goes on');
    await Promise.resolve();
    events.push('first ends');
  }, 1);
  pieces.add(async () => {
    events.push('second');
    end();
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    events.push('second ends');
  }, 2);
  pieces.add(async () => {
    events.push('third');
    done.resolve();
  }, 3);
  await done.promise;
  expect(events).toEqual(['first', 'second', 'second ends', 'first goes on', 'first ends', 'third']);
});

test('a wait that fails is told to its piece, in its turn', async () => {
  const { pieces, events, done } = scene();
  pieces.add(async () => {
    await pieces.aside(async () => await Promise.reject(new Error('no'))).catch(() => events.push('failed'));
  });
  pieces.add(async () => {
    events.push('next');
    done.resolve();
  });
  await done.promise;
  expect(events.toSorted()).toEqual(['failed', 'next']);
});

test('an evaluation that had better wait for its networks waits while another piece has gone aside', async () => {
  const { pieces, events, wait, end, done } = scene();
  let isOver = false;
  pieces.serve({
    next: () => (isOver ? null : { since: 5, ready: false }),
    run: async () => {
      events.push('evaluation');
      isOver = true;
      done.resolve();
    },
  });
  pieces.add(async () => {
    await pieces.aside(async () => await wait);
    events.push('piece');
  });
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(events).toEqual([]);
  end();
  await done.promise;
  expect(events).toEqual(['piece', 'evaluation']);
});
