/** A worker is stopped (SIGSTOP) for longer than its claim and goes on (SIGCONT): what it does then changes nothing. */
import { Cluster, smallJob } from './harness/cluster.ts';
import { accountFor, accountForWebhooks, isWhole, tidied } from './harness/account.ts';
import { Receiver } from './harness/receiver.ts';
import { scenario } from './harness/scenario.ts';

export const silentWorker = scenario({
  title: 'a worker is out of touch for longer than its claim',
  sizes: { jobs: 4, claim: 5 },
  short: { jobs: 2, claim: 2 },
  async run({ jobs, claim }, report) {
    const receiver = await Receiver.start();
    const cluster = await Cluster.start({
      apiFlags: receiver.apiFlags,
      workers: 1,
      workerFlags: ['--claim', String(claim)],
    });
    try {
      const ids: string[] = [];
      for (let seed = 0; seed < jobs; seed += 1)
        ids.push((await cluster.submit({ ...smallJob, steps: 60, seed, webhook: receiver.webhook })).id);
      await cluster.until(
        async () => (await Promise.all(ids.map((id) => cluster.job(id)))).every((job) => (job.progress?.step ?? 0) > 0),
        'all jobs are drawn',
      );
      const [stopped] = cluster.workers;
      // Its device process goes on, and has all pictures ready for it when it wakes up.
      stopped!.signal('SIGSTOP');
      await cluster.startWorker();
      await cluster.until(
        async () => (await Promise.all(ids.map((id) => cluster.job(id)))).every((job) => job.attempt > 1),
        'the other worker has taken the jobs over',
      );
      const before = await accountFor(cluster, ids, report, 300_000);
      const hashes = new Map([...before].map(([id, job]) => [id, job.outputs[0]?.sha256]));
      stopped!.signal('SIGCONT');
      await cluster.until(async () => (await fenced(cluster)) >= jobs, 'the stopped worker has ended its attempts');
      report.exactly('attempts that came too late', await fenced(cluster), jobs);
      let changed = 0;
      let left = 0;
      let whole = 0;
      for (const id of ids) {
        const job = await cluster.job(id);
        if (job.attempt !== before.get(id)?.attempt || job.outputs[0]?.sha256 !== hashes.get(id)) changed += 1;
        left += (await tidied(cluster, id, job.attempt)).filter((name) => name !== String(job.attempt)).length;
        if (await isWhole(cluster, id)) whole += 1;
      }
      await accountForWebhooks(cluster, receiver, ids, report);
      report.exactly('jobs that it changed', changed, 0);
      report.exactly('folders that it left', left, 0);
      const events = await Promise.all(ids.map((id) => cluster.events(id)));
      // A second success would be the last event as well.
      const odd = events.filter(
        (types) => types.at(-1) !== 'succeeded' || types.indexOf('succeeded') < types.length - 1,
      );
      report.exactly('jobs with events after their end', odd.length, 0);
      report.exactly('jobs whose bytes are there still', whole, jobs);
    } finally {
      receiver.close();
      await cluster.close();
    }
  },
});

/** Attempts that found their job moved on: when they wanted to commit, or when their claim was found lost before. */
async function fenced(cluster: Cluster): Promise<number> {
  const late = await cluster.logged('the job has moved on');
  return late + (await cluster.logged('attempt handed back'));
}
