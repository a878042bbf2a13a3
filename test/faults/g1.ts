/** G1: jobs on workers of which one is killed (SIGKILL) every 2 s: none is lost, none fails, each has one result. */
import { setTimeout as pause } from 'node:timers/promises';
import { accountFor, accountForWebhooks } from './harness/account.ts';
import { Cluster, smallJob } from './harness/cluster.ts';
import { Receiver } from './harness/receiver.ts';
import { scenario } from './harness/scenario.ts';

export const g1 = scenario({
  title: 'a worker is killed every 2 s',
  sizes: { jobs: 200, workers: 3, interval: 2, kills: 40, claim: 10 },
  short: { jobs: 12, workers: 2, interval: 4, kills: 3, claim: 2 },
  async run({ jobs, workers, interval, kills, claim }, report) {
    const receiver = await Receiver.start();
    const cluster = await Cluster.start({
      apiFlags: receiver.apiFlags,
      workers,
      workerFlags: ['--claim', String(claim)],
    });
    try {
      const startedAt = performance.now();
      const ids: string[] = [];
      for (let seed = 0; seed < jobs; seed += 1)
        ids.push((await cluster.submit({ ...smallJob, seed, webhook: receiver.webhook })).id);
      const killed = await killByTurns(cluster, ids, { workers, interval, kills });
      report.atLeast('workers killed', killed, Math.min(3, kills));
      await accountFor(cluster, ids, report, 600_000);
      await accountForWebhooks(cluster, receiver, ids, report);
      report.figure('seconds', (performance.now() - startedAt) / 1000);
    } finally {
      receiver.close();
      await cluster.close();
    }
  },
});

/** Kills the worker that has lived longest, and starts another, until all jobs have ended or enough have been killed. */
async function killByTurns(
  cluster: Cluster,
  ids: readonly string[],
  { workers, interval, kills }: { readonly workers: number; readonly interval: number; readonly kills: number },
): Promise<number> {
  let killed = 0;
  while (killed < kills) {
    await pause(interval * 1000);
    await cluster.workers[cluster.workers.length - workers]!.end('SIGKILL');
    killed += 1;
    await cluster.startWorker({ wait: false });
    const last = await cluster.untilFinal(ids.slice(-1), 1);
    const open = await cluster.call('GET', '/v1/generations?status=queued&limit=1');
    const isDone =
      last.get(ids.at(-1)!)?.status === 'succeeded' && (open.body as { data: unknown[] }).data.length === 0;
    if (isDone && killed >= 3) break;
  }
  return killed;
}
