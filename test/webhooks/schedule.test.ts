import { describe, expect, test } from 'vitest';
import { nextAttempt, retryDelays } from '../../src/webhooks/schedule.ts';

const now = new Date('2026-03-01T12:00:00Z');
const wait = (attempts: number, asked: number | null = null, random = 0): number | null => {
  const next = nextAttempt(attempts, asked, now, random);
  return next === null ? null : next.getTime() - now.getTime();
};

describe('the schedule of retries', () => {
  test('is that of Standard Webhooks: ten attempts over 75 hours', () => {
    const minutes = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((attempts) => wait(attempts)! / 60_000);
    expect(minutes).toEqual([5 / 60, 5, 30, 120, 300, 600, 840, 1200, 1440]);
    expect(wait(10)).toBeNull();
    expect(retryDelays.reduce((sum, delay) => sum + delay, 0) / 3_600_000).toBeCloseTo(75.6, 1);
  });

  test('spreads what failed together', () => {
    expect(wait(2, null, 0.5)).toBe(315_000);
    expect(wait(2, null, 1)).toBe(330_000);
  });

  test('waits for as long as the receiver asks, a day at most, and never less than it would', () => {
    expect(wait(1, 60_000)).toBe(60_000);
    expect(wait(1, 1000)).toBe(5000);
    expect(wait(1, 1e12)).toBe(86_400_000);
    expect(wait(10, 1000)).toBeNull();
  });
});
