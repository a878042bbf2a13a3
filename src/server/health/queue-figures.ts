import type { QueueFigures } from '../../metrics/queue-metrics.ts';
import type { Records } from '../../records/records.ts';
import { recent } from './recent.ts';

/** How to ask records what is going on; they are asked once a second at most, and null is what they do not say in time. */
export function queueFigures({ overview, workers }: Records): () => Promise<QueueFigures | null> {
  return recent(
    async () => {
      const [counts, alive] = await Promise.all([overview.queue(), workers.alive()]);
      const { waiting, dispatched, running, paused, oldestQueuedAt, webhooksPending, webhooksDead } = counts;
      return {
        jobs: { waiting, dispatched, running, paused },
        oldestSeconds: oldestQueuedAt === null ? 0 : Math.max(0, (Date.now() - oldestQueuedAt.getTime()) / 1000),
        workers: alive.length,
        deadLetters: counts.dead,
        webhooks: { pending: webhooksPending, dead: webhooksDead },
      };
    },
    { lifetimeMs: 1000, patienceMs: 800 },
  );
}
