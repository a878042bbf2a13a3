import { z } from 'zod';
import type { ServerParts } from './parts.ts';

const check = z.object({ ok: z.boolean(), detail: z.string() });

export const readinessSchema = z.object({
  status: z.literal('ready'),
  checks: z.object({ database: check, queue: check, store: check, device: check }),
});

type Checks = z.output<typeof readinessSchema>['checks'];

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Checks;
  /** Names of the parts that are not there. */
  readonly missing: readonly string[];
}

/** How long a part may take to answer before it counts as away, in milliseconds. */
const patience = 2000;

/** Asks each part whether it can do its work. */
export async function readiness({ records, queue, store, deviceState, log }: ServerParts): Promise<Readiness> {
  const ask = async (name: string, ping: Promise<void>): Promise<Checks['database']> => {
    try {
      await Promise.race([ping, late()]);
      return { ok: true, detail: 'answers' };
    } catch (error) {
      log.warn({ err: error, part: name }, 'a part does not answer');
      return { ok: false, detail: 'does not answer' };
    }
  };
  const [database, tickets, objects] = await Promise.all([
    ask('database', records.ping()),
    ask('queue', queue.ping()),
    ask('store', store.ping()),
  ]);
  const { state, detail } = deviceState();
  const device = { ok: state === 'ready' || state === 'elsewhere', detail };
  const checks: Checks = { database, queue: tickets, store: objects, device };
  const missing = Object.entries(checks).flatMap(([name, { ok }]) => (ok ? [] : [name]));
  return { ready: missing.length === 0, checks, missing };
}

async function late(): Promise<never> {
  return await new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${patience} ms`)), patience).unref();
  });
}
