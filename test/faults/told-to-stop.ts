/** Workers and the api are told to stop (SIGTERM) under load, one after the other: nothing is lost, nothing counts as a fault. */
import { setTimeout as pause } from 'node:timers/promises';
import { accountFor } from './harness/account.ts';
import { Cluster, smallJob } from './harness/cluster.ts';
import { scenario } from './harness/scenario.ts';

export const toldToStop = scenario({
  title: 'SIGTERM under load',
  sizes: { jobs: 100, workers: 2, stops: 6, grace: 2 },
  short: { jobs: 12, workers: 2, stops: 2, grace: 0 },
  async run({ jobs, workers, stops, grace }, report) {
    const cluster = await Cluster.start({ workers, workerFlags: ['--grace', String(grace)] });
    try {
      const ids: string[] = [];
      const submitting = submitAll(cluster, jobs, ids);
      const times: number[] = [];
      for (let stop = 0; stop < stops; stop += 1) {
        await pause(1500);
        const startedAt = performance.now();
        await cluster.workers[cluster.workers.length - workers]!.end('SIGTERM');
        times.push((performance.now() - startedAt) / 1000);
        await cluster.startWorker();
      }
      await cluster.api.end('SIGTERM');
      await cluster.startApi();
      await submitting;
      const ended = await accountFor(cluster, ids, report, 600_000);
      const all = [...ended.values()];
      report.figure('workers stopped', stops);
      report.figure('longest stop, seconds', Math.max(...times));
      report.figure('jobs that were handed back', all.filter(({ attempt }) => attempt > 1).length);
      report.exactly('jobs with a fault', all.filter((job) => job.last_fault !== null).length, 0);
    } finally {
      await cluster.close();
    }
  },
});

/** Half of them as one batch. */
async function submitAll(cluster: Cluster, jobs: number, ids: string[]): Promise<void> {
  const requests = Array.from({ length: jobs }, (_, seed) => ({ ...smallJob, steps: 30, seed }));
  const half = Math.floor(jobs / 2);
  ids.push(...(await cluster.submitBatch(requests.slice(0, half))));
  for (const request of requests.slice(half)) ids.push((await cluster.submit(request)).id);
}
