import { Counter, Histogram, type Registry } from 'prom-client';
import type { Job, JobResult, JobTimings } from '../generation/job.ts';
import type { WorkerObserver } from '../worker/observer.ts';

const phases = ['wait', 'prepare', 'draw', 'evaluate', 'store'] as const satisfies readonly (keyof JobTimings)[];

/** What a worker did with jobs. */
export function jobMetrics(registers: Registry[]): WorkerObserver {
  const attempts = new Counter({
    name: 'armature_attempts_total',
    help: 'Attempts at jobs that ended, by what became of them.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const failures = new Counter({
    name: 'armature_attempt_failures_total',
    help: 'Attempts that failed or were given back, by the code of the error.',
    labelNames: ['kind', 'outcome', 'code'],
    registers,
  });
  const phaseSeconds = new Histogram({
    name: 'armature_job_phase_seconds',
    help: 'Time that jobs which succeeded spent in each phase.',
    labelNames: ['kind', 'phase'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
    registers,
  });
  const fidelity = new Histogram({
    name: 'armature_condition_fidelity',
    help: 'How well drawn pictures obey their controls, where they were compared; 1 is perfect.',
    labelNames: ['condition', 'metric'],
    buckets: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
    registers,
  });

  const observeResult = (job: Job, { timings, outputs }: JobResult): void => {
    const { kind } = job.plan;
    for (const phase of phases) {
      const ms = timings[phase];
      if (ms !== undefined) phaseSeconds.observe({ kind, phase }, ms / 1000);
    }
    for (const { condition, metric, value } of outputs.flatMap((output) => output.fidelity ?? [])) {
      if (metric !== null && value !== null) fidelity.observe({ condition, metric }, value);
    }
  };

  return {
    attemptEnded(job, end) {
      const { kind } = job.plan;
      attempts.inc({ kind, outcome: end.outcome });
      if (end.outcome === 'succeeded') observeResult(job, end.result);
      if ('error' in end) failures.inc({ kind, outcome: end.outcome, code: end.error.code });
    },
  };
}
