import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { ArmatureError } from '../../errors.ts';
import type { RouteContext } from './context.ts';
import type { ServerParts } from '../parts/parts.ts';
import { recent } from '../health/recent.ts';
import { type FoundOverview, overviewSchema, overviewView } from '../views/overview-view.ts';
import { json, problem } from './schemas.ts';

/** Minutes over which is counted what ended. */
const minutes = 60;
/** Entries of each list. */
const listed = 20;

/** What is going on, over all tenants: what the board shows. */
export function overviewRoutes(instance: FastifyInstance, { parts, links }: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { version, windows } = parts.settings;
  // Boards are left open on many screens.
  const overview = recent(async () => await readOverview(parts), { lifetimeMs: 2000, patienceMs: 5000 });

  routes.get('/v1/admin/overview', {
    config: { access: 'admin' },
    schema: {
      operationId: 'getOverview',
      summary: 'Queue, workers, batches, dead letters and the failures of the last hour, over all tenants',
      description: 'What the board shows.',
      tags: ['operations'],
      response: { 200: json('At most two seconds old', overviewSchema), '4xx': problem, '5xx': problem },
    },
    handler: async () => {
      const found = await overview();
      if (found === null) throw new ArmatureError('unavailable', 'The database takes too long. Try again in a moment.');
      return overviewView(found, { version, windows, minutes }, links);
    },
  });
}

async function readOverview({ records, clock }: ServerParts): Promise<FoundOverview> {
  const { overview, workers, faults } = records;
  const [queue, tenants, batches, lately, failures, alive, dead] = await Promise.all([
    overview.queue(),
    overview.tenants(listed),
    overview.batches(listed),
    overview.finished(minutes),
    overview.failures(minutes),
    workers.alive(),
    faults.deadJobs(null, { limit: listed }),
  ]);
  return { at: clock(), queue, tenants, batches, lately, failures, workers: alive, dead };
}
