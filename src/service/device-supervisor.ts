import type { Logger } from 'pino';
import { DeviceProcess } from '../device/device-process.ts';
import { ArmatureError } from '../errors.ts';
import type { DeviceSettings } from '../device/protocol.ts';
import type { DeviceMetrics } from '../metrics/device-metrics.ts';
import type { DeviceState } from '../server/parts/parts.ts';

export interface SupervisedDevice {
  readonly device: DeviceProcess;
  readonly state: () => DeviceState;
  /** Resolves once the device is ready for the first time; rejects where no later attempt can do better. */
  readonly started: Promise<void>;
  readonly close: () => Promise<void>;
}

/** Milliseconds before a device process that ended is started again; doubled each time until one gets ready. */
const firstDelay = 500;
const longestDelay = 30_000;

/** Starts a device process and starts it again whenever it ends, so that the service gets ready without a job's help. */
export function superviseDevice(settings: DeviceSettings, log: Logger, metrics: DeviceMetrics): SupervisedDevice {
  let state: DeviceState = { state: 'starting', detail: 'The device process is starting.' };
  let delay = firstDelay;
  let timer: NodeJS.Timeout | undefined;
  let closing = false;
  let waiting = true;
  let [ready, hopeless] = [(): void => {}, (_error: unknown): void => {}];
  const started = new Promise<void>((resolve, reject) => {
    [ready, hopeless] = [resolve, reject];
  });
  // Not everybody waits for it.
  started.catch(() => {});

  const device = new DeviceProcess({
    settings,
    onTick: (tick) => metrics.ticked(tick),
    onExit({ code, signal }) {
      if (closing) return;
      metrics.ended();
      log.error({ code, signal }, 'the device process ended');
      const why = signal ?? `exit code ${code}`;
      if (state.state !== 'failed')
        state = { state: 'failed', detail: `The device process ended (${why}); it is started again.` };
      timer = setTimeout(() => void start(), delay);
      delay = Math.min(2 * delay, longestDelay);
    },
  });

  async function start(): Promise<void> {
    try {
      const { provider, reason } = await device.start();
      delay = firstDelay;
      state = { state: 'ready', detail: `${provider}: ${reason}` };
      log.info({ provider }, reason);
      waiting = false;
      ready();
    } catch (error) {
      if (closing) return;
      // Whoever configured it is told by whoever waits for the first start.
      if (error instanceof ArmatureError && error.code === 'invalid_config' && waiting) {
        closing = true;
        return hopeless(error);
      }
      state = { state: 'failed', detail: error instanceof Error ? error.message : String(error) };
      log.error({ err: error }, 'the device process did not start');
    }
  }

  metrics.watch(() => state.state === 'ready');
  void start();
  return {
    device,
    state: () => state,
    started,
    async close() {
      closing = true;
      clearTimeout(timer);
      await device.close();
    },
  };
}
