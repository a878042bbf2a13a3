/** Redis, then PostgreSQL, is killed for 20 s under load: answers within a second, and all goes on within 3 s. */
import type { TestServer } from '../support/servers.ts';
import { accountFor } from './harness/account.ts';
import { Cluster, smallJob } from './harness/cluster.ts';
import { accepted, probe, reportAnswers } from './harness/probes.ts';
import type { Report } from './harness/report.ts';
import { scenario } from './harness/scenario.ts';

/** Requests of the issue: an answer within a second, and going on within three. A busy machine needs some more. */
const mostMs = 1000;
const mostSeconds = 3;

/** What is answered while a server is away: records are all that a request needs, and readiness tells of either. */
const statuses = {
  Redis: { submit: 202, list: 200, read: 200, readyz: 503, livez: 200 },
  PostgreSQL: { submit: 503, list: 503, read: 503, readyz: 503, livez: 200 },
} as const;

export const serversAway = scenario({
  title: 'Redis and PostgreSQL go away',
  sizes: { jobs: 20, outage: 20, slack: 1 },
  short: { jobs: 4, outage: 3, slack: 5 },
  async run({ jobs, outage, slack }, report) {
    const cluster = await Cluster.start({ workers: 1 });
    try {
      const ids: string[] = [];
      for (const [name, server] of [
        ['Redis', cluster.redis],
        ['PostgreSQL', cluster.postgres],
      ] as const) {
        for (let seed = 0; seed < jobs; seed += 1) ids.push((await cluster.submit({ ...smallJob, seed })).id);
        ids.push(...(await outageOf(cluster, name, server, { ids, outage, slack, report })));
      }
      await accountFor(cluster, ids, report, 600_000);
    } finally {
      await cluster.close();
    }
  },
});

/** Kills a server, asks the api meanwhile, and starts it again. Returns the jobs that were accepted without it. */
async function outageOf(
  cluster: Cluster,
  name: keyof typeof statuses,
  server: TestServer,
  {
    ids,
    outage,
    slack,
    report,
  }: { readonly ids: readonly string[]; readonly outage: number; readonly slack: number; readonly report: Report },
): Promise<readonly string[]> {
  await server.kill();
  const answers = await probe(cluster, ids[0]!, outage);
  for (const [what, given] of Object.entries(answers)) {
    const status = statuses[name][what as keyof (typeof statuses)['Redis']];
    const late = what === 'readyz' ? given.findIndex((answer) => answer.status === status) : 0;
    // Readiness is asked for once in a second.
    if (what === 'readyz') report.atMost(`without ${name}, readyz: answers of before`, late, 11);
    reportAnswers(report, `without ${name}, ${what}`, given.slice(Math.max(0, late)), {
      mostMs: mostMs * slack,
      status,
    });
  }
  await server.restart();
  const back = performance.now();
  await cluster.until(async () => (await cluster.call('GET', '/readyz')).status === 200, `the api is ready again`);
  const fresh = await cluster.submit({ ...smallJob, priority: 9, steps: 1, seed: 12345 });
  report.atMost(
    `after ${name}, seconds until a new job is accepted`,
    (performance.now() - back) / 1000,
    mostSeconds * slack,
  );
  await cluster.until(async () => (await cluster.job(fresh.id)).attempt > 0, 'a new job is started');
  report.atMost(
    `after ${name}, seconds until a new job is started`,
    (performance.now() - back) / 1000,
    mostSeconds * slack,
  );
  return [...accepted(answers['submit'] ?? []), fresh.id];
}
