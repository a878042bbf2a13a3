import { z } from 'zod';
import type { ServerParts } from '../parts/parts.ts';
import { recent } from './recent.ts';

const check = z.object({ ok: z.boolean(), detail: z.string() }).meta({ id: 'Check' });

export const readinessSchema = z
  .object({
    status: z.literal('ready'),
    checks: z.object({ database: check, queue: check, store: check, device: check }),
    workers: z
      .int()
      .nullable()
      .describe('Workers that gave a sign of life in the last 30 s; null where the database does not tell'),
  })
  .meta({ id: 'Readiness' });

type Checks = z.output<typeof readinessSchema>['checks'];

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Checks;
  readonly workers: number | null;
  /** What stands in the way: names of the parts that are not there. */
  readonly missing: readonly string[];
}

/** What readiness is about. */
export type HealthParts = Pick<ServerParts, 'records' | 'queue' | 'store' | 'deviceState' | 'draining' | 'log'>;

/** A part that hangs must not keep whoever asks waiting for a second. */
const asking = { lifetimeMs: 1000, patienceMs: 800 };

/** Returns how to ask whether each part can do its work. Whoever asks often gets the same answer for a second. */
export function createReadiness({
  records,
  queue,
  store,
  deviceState,
  draining,
  log,
}: HealthParts): () => Promise<Readiness> {
  const check = (part: string, ping: () => Promise<void>): (() => Promise<Checks['database']>) => {
    const answers = recent(async () => {
      try {
        await ping();
        return true;
      } catch (error) {
        log.warn({ err: error, part }, 'a part does not answer');
        return false;
      }
    }, asking);
    return async () =>
      (await answers()) === true ? { ok: true, detail: 'answers' } : { ok: false, detail: 'does not answer' };
  };
  const database = check('database', () => records.ping());
  const tickets = check('queue', () => queue.ping());
  const objects = check('store', () => store.ping());
  const workers = recent(async () => (await records.workers.alive().catch(() => null))?.length ?? null, asking);

  return async () => {
    const [inRecords, inQueue, inStore, alive] = await Promise.all([database(), tickets(), objects(), workers()]);
    const { state, detail } = deviceState();
    const device = { ok: state === 'ready' || state === 'elsewhere', detail };
    const checks: Checks = { database: inRecords, queue: inQueue, store: inStore, device };
    const away = Object.entries(checks).flatMap(([name, { ok }]) => (ok ? [] : [name]));
    const missing = draining.aborted ? [...away, 'the process is stopping'] : away;
    return { ready: missing.length === 0, checks, workers: alive, missing };
  };
}
