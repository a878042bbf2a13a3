import { expect, test } from 'vitest';
import { waitForMemory } from '../../src/trainer/wait-for-memory.ts';

const never = new AbortController().signal;
const waits = async (bytes: number, free: readonly number[], signal = never): Promise<readonly string[]> => {
  const left = [...free];
  const said: string[] = [];
  const memory = { usable: 16e9, device: 8e9, free: async () => left.shift() ?? 0, lookEvery: 1 };
  await waitForMemory(bytes, memory, (what) => said.push(what), signal);
  expect(left).toEqual([]);
  return said;
};

test('a training that fits beside all that the device may hold begins, whatever is free', async () => {
  expect(await waits(8e9, [])).toEqual([]);
});

test('one that does not waits until so much is free, and says for what', async () => {
  expect(await waits(9e9, [9e9])).toEqual([]);
  expect(await waits(9e9, [3e9, 8.94e9, 9e9])).toEqual([
    '9.0 GB of memory: 3.0 GB are free',
    '9.0 GB of memory: 8.9 GB are free',
  ]);
});

test('one that the machine never has room for is refused with what it needs', async () => {
  const refused = expect(waits(16.1e9, [])).rejects;
  await refused.toMatchObject({ code: 'out_of_memory', message: expect.stringContaining('about 16.1 GB') });
});

test('one that waits is stopped with the reason of who stops it', async () => {
  const stop = new AbortController();
  const waiting = waitForMemory(
    9e9,
    { usable: 16e9, device: 8e9, free: async () => 0, lookEvery: 60_000 },
    () => stop.abort(new Error('Enough')),
    stop.signal,
  );
  await expect(waiting).rejects.toThrow('Enough');
});
