import { ArmatureError } from '../errors.ts';
import type { Config } from '../config/config.ts';
import { tracingWanted } from '../config/environment.ts';
import { requirePostgres } from '../config/require-postgres.ts';
import { parseAllowed } from '../fetch/allowed.ts';
import { createMetrics } from '../metrics/metrics.ts';
import type { Dialect } from '../server/dialects/contract/dialect.ts';
import { dialects as allDialects } from '../server/dialects/registry.ts';
import type { DeviceState } from '../server/parts/parts.ts';
import { openTracing } from '../tracing/open.ts';
import { Closing } from './closing.ts';
import { openGround } from './ground.ts';
import { openLog } from './log.ts';
import { packageVersion } from './package-version.ts';
import type { Role, Run, RunHooks } from './run.ts';
import { openMonitoring, openServer } from './server-side.ts';
import { interruption, untilInterrupted } from './shutdown.ts';
import { openChildren, openWorker } from './worker-side.ts';

/**
 * Runs a service until SIGINT or SIGTERM. Then it drains: nothing new is accepted, what is drawn may end in the time of
 * grace, the rest is handed back; and closes its parts in order: consumer, server, children, queue, records. A start that is not
 * done by then is given up, which is no failure.
 */
export async function runService(
  config: Config,
  role: Role,
  hooks: RunHooks = {},
  dialects: readonly Dialect[] = allDialects,
): Promise<void> {
  if (role !== 'serve') requirePostgres(config, role);
  // Whatever is wrong with it is said before anything is opened.
  parseAllowed(config.allowFetch);
  const interrupted = interruption();
  const closing = new Closing();
  let open = false;
  const notice = (): string =>
    open ? stopNotice(config, role) : 'Stopping before the start is done: nothing is lost.';
  interrupted.signal.addEventListener('abort', () => hooks.onStopping?.(`${notice()} Ctrl-C again stops at once.`), {
    once: true,
  });
  try {
    await openService({ config, role, hooks, dialects, closing, draining: interrupted.signal });
    open = true;
    await untilInterrupted(interrupted.signal);
  } catch (error) {
    if (!isGivenUp(error, interrupted.signal)) throw error;
  } finally {
    await closing.close();
    interrupted.release();
  }
}

function stopNotice({ grace }: Config, role: Role): string {
  return role === 'api' ? 'Stopping.' : `Stopping: what is being drawn may end within ${grace} s.`;
}

function isGivenUp(error: unknown, { aborted }: AbortSignal): boolean {
  return aborted && error instanceof ArmatureError && error.code === 'cancelled';
}

async function openService(run: Run): Promise<void> {
  const { config, role, hooks, closing } = run;
  const next = (text: string): void => {
    if (run.draining.aborted) throw new ArmatureError('cancelled', 'The start was given up.');
    hooks.onStep?.(text);
  };
  const log = openLog(config);
  const metrics = createMetrics({ version: packageVersion(), role });
  const tracing = closing.add(
    await openTracing(tracingWanted(), {
      version: packageVersion(),
      role,
      onError: (problem) => log.warn({ problem }, 'spans could not be sent'),
    }),
  );
  const watched = { draining: run.draining, log, metrics, tracing };
  const ground = { ...watched, ...(await openGround(run, watched, next)) };
  const elsewhere: DeviceState = { state: 'elsewhere', detail: 'Workers are processes of their own.' };
  const children = role === 'api' ? null : openChildren(ground, closing);
  const deviceState = children?.supervised.state ?? (() => elsewhere);
  if (children !== null && config.provider === 'cuda') {
    next('Starting CUDA');
    // Asked for by name, it is there or the service is not. One that ends again and again does not keep a stop waiting.
    await Promise.race([children.supervised.started, untilInterrupted(run.draining)]);
  }
  next('Opening the server');
  if (role === 'worker') await openMonitoring(ground, deviceState, closing);
  else await openServer(ground, deviceState, run);
  // The last to be opened and the first to be closed: while jobs end, their clients can see them do it.
  if (children !== null) await openWorker(ground, children, closing);
}
