/** Workers and the api are told to stop (SIGTERM) under load, one after the other: nothing is lost, nothing counts as a fault. */
import { setTimeout as pause } from 'node:timers/promises';
import { accountFor } from './harness/account.ts';
import { Cluster, smallJob } from './harness/cluster.ts';
import { scenario } from './harness/scenario.ts';

export const toldToStop = scenario({
  title: 'SIGTERM under load',
  sizes: { jobs: 100, steps: 60, workers: 2, stops: 6, grace: 2, slack: 5 },
  // A busy machine takes longer to end a process.
  short: { jobs: 12, steps: 150, workers: 2, stops: 2, grace: 0, slack: 60 },
  async run({ jobs, steps, workers, stops, grace, slack }, report) {
    const cluster = await Cluster.start({ workers, workerFlags: ['--grace', String(grace)] });
    try {
      const ids: string[] = [];
      const submitting = submitAll(cluster, { jobs, steps }, ids);
      const times: number[] = [];
      const codes: (number | null)[] = [];
      for (let stop = 0; stop < stops; stop += 1) {
        await pause(1500);
        const startedAt = performance.now();
        codes.push(await cluster.workers[cluster.workers.length - workers]!.end('SIGTERM'));
        times.push((performance.now() - startedAt) / 1000);
        await cluster.startWorker();
      }
      codes.push(await cluster.api.end('SIGTERM'));
      await cluster.startApi();
      await submitting;
      const ended = await accountFor(cluster, ids, report, 600_000);
      const all = [...ended.values()];
      report.figure('workers stopped', stops);
      report.atMost('longest stop, seconds', Math.max(...times), grace + slack);
      report.exactly('exit codes', [...new Set(codes)].join(', '), '0');
      report.atLeast('jobs that were handed back', all.filter(({ attempt }) => attempt > 1).length, 1);
      report.exactly('jobs with a fault', all.filter((job) => job.last_fault !== null).length, 0);
    } finally {
      await cluster.close();
    }
  },
});

/** Half of them as one batch. */
async function submitAll(
  cluster: Cluster,
  { jobs, steps }: { readonly jobs: number; readonly steps: number },
  ids: string[],
): Promise<void> {
  const requests = Array.from({ length: jobs }, (_, seed) => ({ ...smallJob, steps, seed }));
  const half = Math.floor(jobs / 2);
  ids.push(...(await cluster.submitBatch(requests.slice(0, half))));
  for (const request of requests.slice(half)) ids.push((await cluster.submit(request)).id);
}
