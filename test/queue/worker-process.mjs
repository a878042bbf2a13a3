// A worker in a process of its own, for tests that kill it: node worker-process.mjs '{"place", "redisUrl", "name"}'.
// It runs what is built in dist/, starts every ticket it is given, says so, and never ends one.
import { openQueue } from '../../dist/queue/open.js';
import { startFeeder } from '../../dist/queue/feeder.js';
import { openRecords } from '../../dist/records/open.js';

const { place, redisUrl, ...options } = JSON.parse(process.argv[2]);
const { records, queueEngine } = await openRecords(place);
const queue = await openQueue(redisUrl === null ? queueEngine() : { kind: 'redis', url: redisUrl }, options);
// The producer fails fast, also where the machine is only busy: what it could not add is added by the next pass.
startFeeder(records, queue, { windows: { tenant: 10, total: 10 }, onError() {} });
await queue.consume(
  async ({ tenant, id }) => {
    const job = await records.startAttempt(tenant, id);
    await records.reportProgress(id, job.attempt, { step: 1, steps: 20 });
    process.stdout.write(`started ${id}\n`);
    await new Promise(() => {});
  },
  { concurrency: 2 },
);
