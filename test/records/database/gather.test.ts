import { expect, it } from 'vitest';
import { ArmatureError } from '../../../src/errors.ts';
import { gather } from '../../../src/records/database/gather.ts';

it('what is asked for in one turn goes into one call, and each gets its own answer', async () => {
  const calls: (readonly number[])[] = [];
  const square = gather(async (inputs: readonly number[]) => {
    calls.push(inputs);
    return inputs.map((input) => input ** 2);
  });
  expect(await Promise.all([square(1), square(2), square(3)])).toEqual([1, 4, 9]);
  expect(await square(4)).toBe(16);
  expect(calls).toEqual([[1, 2, 3], [4]]);
});

it('what comes while a call is out joins the next one, since that one has read already', async () => {
  const calls: (readonly string[])[] = [];
  let value = 'old';
  let begun!: () => void;
  let finish!: () => void;
  const beginning = new Promise<void>((resolve) => (begun = resolve));
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const read = gather(async (inputs: readonly string[]) => {
    calls.push(inputs);
    const seen = value;
    begun();
    await finished;
    return inputs.map(() => seen);
  });
  const first = read('a');
  await beginning;
  value = 'new';
  const later = [read('b'), read('c')];
  finish();
  expect([await first, ...(await Promise.all(later))]).toEqual(['old', 'new', 'new']);
  expect(calls).toEqual([['a'], ['b', 'c']]);
});

it('takes a hundred at a time at most', async () => {
  const sizes: number[] = [];
  const ask = gather(async (inputs: readonly number[]) => {
    sizes.push(inputs.length);
    return inputs;
  });
  const inputs = Array.from({ length: 250 }, (_, index) => index);
  expect(await Promise.all(inputs.map(ask))).toEqual(inputs);
  expect(sizes).toEqual([100, 100, 50]);
});

it('what cannot be answered fails alone, and an outage is asked about once', async () => {
  let calls = 0;
  const ask = gather(async (inputs: readonly string[]) => {
    calls += 1;
    if (inputs.includes('away')) throw new ArmatureError('unavailable', 'The database does not answer.');
    if (inputs.includes('bad')) throw new Error('a value that cannot be written');
    return inputs;
  });
  const some = await Promise.allSettled(['good', 'bad', 'fine'].map(ask));
  expect(some.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  calls = 0;
  const none = await Promise.allSettled(['away', 'good'].map(ask));
  expect(none.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(calls).toBe(1);
});
