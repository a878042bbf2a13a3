import { describe, expect, test } from 'vitest';
import { ownDoor } from '../../../src/generation/door.ts';
import type { Job } from '../../../src/generation/job.ts';
import type { Records } from '../../../src/records/records.ts';
import { drawnOf, EtaEstimator, paceOf } from '../../../src/server/load/eta.ts';
import type { ExtractionPlan } from '../../../src/generation/kinds/extraction/plan.ts';
import { storedPlan } from '../../../src/generation/kinds/kinds.ts';
import { planFor } from '../../support/draw-request.ts';

const plan = planFor({ id: 'm', hash: 'h' }, { width: 10, height: 10, steps: 10 });

/** A job of cost 1000 that ran from `start` to `end`, in seconds. */
function finished(start: number, end: number): Job {
  const at = (seconds: number): Date => new Date(seconds * 1000);
  return {
    id: 'gen_1',
    tenant: 'default',
    status: 'succeeded',
    plan,
    storedPlan: storedPlan.write(plan),
    warnings: [],
    metadata: null,
    door: ownDoor,
    webhook: null,
    priority: 5,
    batch: null,
    progress: null,
    attempt: 1,
    cancelRequested: false,
    strikes: 0,
    losses: 0,
    lastFault: null,
    dead: false,
    checkpoint: null,
    result: null,
    error: null,
    createdAt: at(start),
    startedAt: at(start),
    finishedAt: at(end),
    traceParent: null,
  };
}

describe('the pace of recent jobs', () => {
  test('is unknown before the first has ended', () => {
    expect(paceOf([])).toBeNull();
  });

  test('is the time that they took by their cost', async () => {
    expect(paceOf(await drawnOf([finished(0, 2), finished(10, 14)]))).toEqual({ msPerCost: 3, meanCost: 1000 });
  });

  test('counts the time once that jobs share', async () => {
    expect(paceOf(await drawnOf([finished(0, 4), finished(1, 3), finished(2, 6)]))).toEqual({
      msPerCost: 2,
      meanCost: 1000,
    });
  });

  test('leaves extractions out, which draw nothing', async () => {
    const extraction: ExtractionPlan = {
      kind: 'extraction',
      condition: 'canny',
      image: { key: 'k', sha256: 's' },
      options: {},
      resolution: null,
      strict: false,
      output: plan.output,
    };
    expect(paceOf(await drawnOf([{ ...finished(0, 100), plan: extraction }]))).toBeNull();
  });
});

describe('the time that a job will take', () => {
  // Ten seconds for a cost of 1000.
  const records = { listJobs: async () => await Promise.resolve([finished(0, 10)]) } as unknown as Records;
  const estimate = async (progress: Job['progress']) =>
    await new EtaEstimator(records, () => new Date(0)).estimate({ ...finished(0, 0), status: 'running', progress }, 0);

  test('is that of all its cost before it has any progress', async () => {
    expect(await estimate(null)).toBe(10);
  });

  test('is that of the share of its cost that is left, whatever its steps are', async () => {
    expect(await estimate({ step: 1, steps: 10, share: 0.6 })).toBe(4);
  });
});
