/** Jobs on workers of which one is killed (SIGKILL) every 2 s: none is lost, none fails, each has one result. */
import { setTimeout as pause } from 'node:timers/promises';
import { accountFor, accountForWebhooks } from './harness/account.ts';
import { Cluster, smallJob } from './harness/cluster.ts';
import { Receiver } from './harness/receiver.ts';
import { scenario } from './harness/scenario.ts';

export const killedWorkers = scenario({
  title: 'a worker is killed every 2 s',
  sizes: { jobs: 200, steps: 100, workers: 3, interval: 2, kills: 200, claim: 10 },
  short: { jobs: 12, steps: 150, workers: 2, interval: 2, kills: 3, claim: 2 },
  async run({ jobs, steps, workers, interval, kills, claim }, report) {
    const receiver = await Receiver.start();
    const cluster = await Cluster.start({
      apiFlags: receiver.apiFlags,
      workers,
      workerFlags: ['--claim', String(claim)],
    });
    try {
      const startedAt = performance.now();
      const submitted = submitAll(cluster, { jobs, steps, webhook: receiver.webhook });
      const [ids, killed] = await Promise.all([
        submitted,
        killByTurns(cluster, { workers, interval, kills }, submitted),
      ]);
      report.atLeast('workers killed', killed, 1);
      const ended = [
        ...(await accountFor(cluster, ids, report, 600_000, { leftovers: Math.ceil(killed / 10) })).values(),
      ];
      report.atLeast('jobs that lost attempts', ended.filter(({ attempt }) => attempt > 1).length, 1);
      await accountForWebhooks(cluster, receiver, ids, report);
      report.figure('seconds', (performance.now() - startedAt) / 1000);
    } finally {
      receiver.close();
      await cluster.close();
    }
  },
});

async function submitAll(
  cluster: Cluster,
  { jobs, steps, webhook }: { readonly jobs: number; readonly steps: number; readonly webhook: Receiver['webhook'] },
): Promise<string[]> {
  const ids: string[] = [];
  for (let seed = 0; seed < jobs; seed += 1) ids.push((await cluster.submit({ ...smallJob, steps, seed, webhook })).id);
  return ids;
}

/** Kills the worker that has lived longest, and starts another, until all jobs have come and ended or enough have been killed. */
async function killByTurns(
  cluster: Cluster,
  { workers, interval, kills }: { readonly workers: number; readonly interval: number; readonly kills: number },
  submitted: Promise<unknown>,
): Promise<number> {
  let killed = 0;
  let allHaveCome = false;
  const come = (): void => {
    allHaveCome = true;
  };
  void submitted.then(come, come);
  while (killed < kills) {
    await pause(interval * 1000);
    await cluster.workers[cluster.workers.length - workers]!.end('SIGKILL');
    killed += 1;
    await cluster.startWorker({ wait: false });
    if (allHaveCome && (await isIdle(cluster))) break;
  }
  return killed;
}

async function isIdle(cluster: Cluster): Promise<boolean> {
  const pages = ['queued', 'running'].map((status) => cluster.call('GET', `/v1/generations?status=${status}&limit=1`));
  return (await Promise.all(pages)).every(
    ({ body }) => (body as { readonly data: readonly unknown[] }).data.length === 0,
  );
}
