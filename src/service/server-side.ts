import { randomInt } from 'node:crypto';
import { isLoopback } from '../config/safe-host.ts';
import { createFetcher, type Fetcher } from '../fetch/fetcher.ts';
import { startHousekeeping } from '../records/housekeeping.ts';
import { buildApp } from '../server/app.ts';
import type { Dialect } from '../server/dialects/contract/dialect.ts';
import { eventWriter } from '../server/dialects/write-events.ts';
import { buildMonitoringApp } from '../server/monitoring-app.ts';
import { links } from '../server/http/links.ts';
import { defaultServerLimits } from '../server/parts/limits.ts';
import type { DeviceState } from '../server/parts/parts.ts';
import { Deliverer } from '../webhooks/deliverer.ts';
import { nextAttempt } from '../webhooks/schedule.ts';
import { type Sweeper, startSweeper } from '../retention/sweeper.ts';
import type { Closing } from './closing.ts';
import { type Ground, windowsOf } from './ground.ts';
import { annotatorsOf } from './library.ts';
import { listen } from './listen.ts';
import { packageVersion } from './package-version.ts';
import type { Run } from './run.ts';
import { announceServer } from './server-file.ts';

/** Health and metrics of a process that has no other port, where one is wanted. */
export async function openMonitoring(ground: Ground, deviceState: () => DeviceState, closing: Closing): Promise<void> {
  const { host, metricsPort: port, data } = ground.config;
  if (port === null) return;
  const app = closing.add(await buildMonitoringApp({ ...ground, deviceState, loopback: isLoopback(host) }));
  await listen(app, { host, port, data }, '--metrics-port');
}

/** The server, what is sent from it, and what it tidies up. */
export async function openServer(
  ground: Ground,
  deviceState: () => DeviceState,
  { hooks, dialects, closing }: Pick<Run, 'hooks' | 'dialects' | 'closing'>,
): Promise<void> {
  const { config, log, records } = ground;
  const fetcher = createFetcher({ allow: config.allowFetch });
  closing.add(deliverer(ground, fetcher, dialects));
  closing.add(startHousekeeping(records, { clock, onError: (err) => log.error({ err }, 'what has expired stays') }));
  const app = await buildApp(
    {
      ...ground,
      annotators: await annotatorsOf(config),
      deviceState,
      fetcher,
      clock,
      randomSeed: () => randomInt(2 ** 32),
      settings: {
        version: packageVersion(),
        defaultModel: config.model,
        publicUrl: config.publicUrl,
        corsOrigins: config.corsOrigin,
        embedParameters: config.embedParameters,
        signsWebhooks: config.webhookSecret !== null,
        limits: {
          ...defaultServerLimits,
          batchItems: config.maxBatchItems,
          batchCost: config.maxBatchCost,
          setBytes: config.maxSetSize,
          setQuotaBytes: config.setQuota,
          modelQuotaBytes: config.modelQuota,
        },
        windows: windowsOf(config),
        access: { adminKey: config.adminKey, allowAnonymous: config.allowAnonymous, loopback: isLoopback(config.host) },
        load: {
          submissionsPerMinute: config.submissionsPerMinute,
          readsPerMinute: config.readsPerMinute,
          maxQueued: config.maxQueued,
          maxQueuedPerTenant: config.maxQueuedPerTenant,
          bodyMemory: config.bodyMemory,
        },
        trustedProxies: config.trustedProxy,
      },
    },
    dialects,
  );
  closing.add(app);
  closing.add(sweeperOf(ground));
  // Apart from the hook: what stands in the arguments of an optional call does not happen where there is nothing to call.
  const listening = await listen(app, config);
  closing.add(await announceServer(config.data, listening.address));
  hooks.onListening?.(listening);
}

/** The side that answers requests sweeps: it is always there, and has little else to do. */
function sweeperOf({ config, records, store, log }: Ground): Sweeper {
  return startSweeper(
    { records, store, log, clock: () => new Date() },
    {
      age: config.retentionDays === 0 ? null : config.retentionDays * 86_400_000,
      bytes: config.retentionSize === 0 ? null : config.retentionSize,
    },
  );
}

/** Sends events to their receivers. Only where there is HTTP: workers need no way out, and do not know the public URL. */
function deliverer(
  { config, log, records, metrics }: Ground,
  fetcher: Fetcher,
  dialects: readonly Dialect[],
): Deliverer {
  return new Deliverer({
    webhooks: records.webhooks,
    fetcher,
    secret: config.webhookSecret,
    write: eventWriter(dialects, links(config.publicUrl)),
    clock,
    schedule: (attempts, asked, now) => nextAttempt(attempts, asked, now, Math.random()),
    log,
    observer: metrics.webhooks,
  });
}

function clock(): Date {
  return new Date();
}
