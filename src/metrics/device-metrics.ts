import { Counter, Histogram, type Registry } from 'prom-client';
import type { TickReport } from '../device/device-process.ts';
import { liveGauge } from './live-gauge.ts';

export interface DeviceMetrics {
  /** One batched step of the denoise loop. */
  ticked(tick: TickReport): void;
  /** The device process ended although nobody asked it to. */
  ended(): void;
  /** From now on `isReady` says whether the device can draw. */
  watch(isReady: () => boolean): void;
}

export function deviceMetrics(registers: Registry[]): DeviceMetrics {
  const steps = new Counter({
    name: 'armature_device_steps_total',
    help: 'Denoising steps of single pictures; its rate is steps per second.',
    registers,
  });
  const tickSeconds = new Histogram({
    name: 'armature_device_tick_seconds',
    help: 'Time of a batched step.',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const tickSamples = new Histogram({
    name: 'armature_device_tick_samples',
    help: 'Pictures in a batched step.',
    buckets: [1, 2, 3, 4, 6, 8, 12, 16, 32, 64],
    registers,
  });
  const tickRows = new Histogram({
    name: 'armature_device_tick_rows',
    help: 'Rows in a batched step; guidance takes two rows a picture.',
    buckets: [1, 2, 4, 6, 8, 12, 16, 32, 64, 128],
    registers,
  });
  const ends = new Counter({
    name: 'armature_device_ends_total',
    help: 'How often the device process ended and had to be started again.',
    registers,
  });
  let isReady: (() => boolean) | null = null;
  liveGauge({
    name: 'armature_device_ready',
    help: '1 while the device process can draw.',
    registers,
    read: async () => (isReady === null ? [] : [{ value: isReady() ? 1 : 0 }]),
  });
  return {
    ticked({ rows, samples, ms }) {
      steps.inc(samples);
      tickSeconds.observe(ms / 1000);
      tickSamples.observe(samples);
      tickRows.observe(rows);
    },
    ended: () => ends.inc(),
    watch(source) {
      isReady = source;
    },
  };
}
