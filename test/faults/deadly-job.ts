/** A job in which the device process dies each time is dead after 3 starts, and its neighbours finish. */
import { setTimeout as pause } from 'node:timers/promises';
import { accountFor } from './harness/account.ts';
import { Cluster, smallJob } from './harness/cluster.ts';
import { scenario } from './harness/scenario.ts';

/** Long enough to be met in the device by whoever looks for it there. */
const poison = { prompt: 'poison', width: 256, height: 256, steps: 150 } as const;

export const deadlyJob = scenario({
  title: 'a job kills its process',
  sizes: { neighbours: 20 },
  short: { neighbours: 5 },
  async run({ neighbours }, report) {
    const cluster = await Cluster.start({ workers: 1 });
    try {
      const { id } = await cluster.submit(poison);
      const ids: string[] = [];
      for (let seed = 0; seed < neighbours; seed += 1) {
        ids.push((await cluster.submit({ ...smallJob, steps: 40, seed })).id);
      }
      report.figure('device processes killed', await killWheneverItIsDrawn(cluster, id));
      const dead = (await cluster.untilFinal([id], 120_000)).get(id);
      report.exactly('poison: status', dead?.status ?? 'gone', 'failed');
      report.exactly('poison: dead', String(dead?.dead), 'true');
      report.exactly('poison: starts', dead?.attempt ?? 0, 3);
      report.exactly('poison: error', dead?.error?.code ?? 'none', 'device_lost');
      const { body } = await cluster.call('GET', '/v1/dead-letters');
      report.exactly('dead letters', (body as { data: unknown[] }).data.length, 1);
      const jobs = await accountFor(cluster, ids, report, 300_000);
      const strikes = [...jobs.values()].map((job) => job.strikes);
      report.atLeast('neighbours that were in the device with it', strikes.filter((count) => count > 0).length, 1);
      report.atMost('most strikes of a neighbour', Math.max(...strikes), 1);
    } finally {
      await cluster.close();
    }
  },
});

/**
 * Stands in for what a real poison does to its process (a driver's crash, memory that the system takes back): a SIGKILL
 * while the job is in the device, at each of its attempts. Returns how often.
 */
async function killWheneverItIsDrawn(cluster: Cluster, id: string): Promise<number> {
  let killed = 0;
  for (;;) {
    const job = await cluster.job(id);
    if (job.status === 'failed' || job.status === 'succeeded') return killed;
    if (job.status === 'running' && job.attempt > killed && (job.progress?.step ?? 0) > 0) {
      const device = await cluster.workers[0]!.device();
      if (device !== null) process.kill(device, 'SIGKILL');
      killed = job.attempt;
    }
    await pause(20);
  }
}
