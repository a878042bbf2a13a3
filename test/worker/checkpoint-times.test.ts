import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/generation/job.ts';
import { Checkpoints } from '../../src/worker/checkpoints.ts';

describe('the time between two checkpoints', () => {
  const everyMs = (checkpointEveryMs: number | null, strikes: number, losses: number) => {
    const job = { strikes, losses, checkpoint: null } as Job;
    // Nothing is read or kept here.
    return new Checkpoints({ checkpointEveryMs, records: null!, store: null!, log: null! }, job).everyMs;
  };

  it('is halved by each fault of the job, five times at most', () => {
    expect([0, 1, 2].map((strikes) => everyMs(8000, strikes, 0))).toEqual([8000, 4000, 2000]);
    expect(everyMs(8000, 1, 2)).toBe(1000);
    expect(everyMs(8000, 3, 9)).toBe(250);
  });

  it('is none where no checkpoints are made', () => expect(everyMs(null, 2, 0)).toBeNull());
});
