import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { recent } from '../../../src/server/health/recent.ts';

describe('recent', () => {
  test('asks once for all who ask at once, and for a while after that', async () => {
    let asked = 0;
    const read = recent(async () => (asked += 1), { lifetimeMs: 60_000, patienceMs: 60_000 });
    expect(await Promise.all([read(), read(), read()])).toEqual([1, 1, 1]);
    expect(await read()).toBe(1);
  });

  test('asks again when the answer is old', async () => {
    let asked = 0;
    const read = recent(async () => (asked += 1), { lifetimeMs: 0, patienceMs: 60_000 });
    expect([await read(), await read()]).toEqual([1, 2]);
  });

  test('has no answer where none comes in time, and asks nothing further meanwhile', async () => {
    let asked = 0;
    let answer: (value: string) => void = () => {};
    const ask = async (): Promise<string> => {
      asked += 1;
      return await new Promise((resolve) => (answer = resolve));
    };
    const read = recent(ask, { lifetimeMs: 60_000, patienceMs: 1 });
    expect([await read(), await read(), asked]).toEqual([null, null, 1]);
    answer('late');
    await pause(0);
    expect([await read(), asked]).toEqual(['late', 1]);
  });

  test('keeps no failure', async () => {
    let asked = 0;
    const ask = async (): Promise<number> => {
      asked += 1;
      if (asked === 1) throw new Error('away');
      return asked;
    };
    const read = recent(ask, { lifetimeMs: 60_000, patienceMs: 60_000 });
    await expect(read()).rejects.toThrow('away');
    expect(await read()).toBe(2);
  });
});
