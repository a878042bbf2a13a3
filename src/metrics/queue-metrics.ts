import type { Registry } from 'prom-client';
import { liveGauge, type LiveValue } from './live-gauge.ts';

/** What is going on in the whole service, as records know it. */
export interface QueueFigures {
  /** Jobs that are not final, by state. */
  readonly jobs: Readonly<Record<string, number>>;
  /** How long the oldest job that has not been started waits; 0 where none does. */
  readonly oldestSeconds: number;
  /** Workers that gave a sign of life lately. */
  readonly workers: number;
  readonly deadLetters: number;
  /** Deliveries to receivers that are not done, by status. */
  readonly webhooks: Readonly<Record<string, number>>;
}

export interface QueueMetrics {
  /** From now on `read` gives the figures; null where records do not answer in time. It is asked several times at once. */
  watch(read: () => Promise<QueueFigures | null>): void;
}

/** Every process that is asked gives the same figures: take the maximum of them, not the sum. */
export function queueMetrics(registers: Registry[]): QueueMetrics {
  let read: () => Promise<QueueFigures | null> = async () => null;
  const gauge = (
    name: string,
    help: string,
    values: (figures: QueueFigures) => readonly LiveValue[],
    labelNames: readonly string[] = [],
  ): void =>
    liveGauge({
      name,
      help,
      labelNames,
      registers,
      async read() {
        const figures = await read();
        return figures === null ? [] : values(figures);
      },
    });
  gauge(
    'armature_jobs',
    'Jobs that are not final, by state.',
    ({ jobs }) => Object.entries(jobs).map(([state, value]) => ({ labels: { state }, value })),
    ['state'],
  );
  gauge(
    'armature_webhooks',
    'Events that receivers have not taken yet, or never took, by status.',
    ({ webhooks }) => Object.entries(webhooks).map(([status, value]) => ({ labels: { status }, value })),
    ['status'],
  );
  gauge('armature_dead_letters', 'Jobs that had more faults than they may.', (figures) => [
    { value: figures.deadLetters },
  ]);
  gauge('armature_queue_oldest_seconds', 'How long the oldest job that has not been started waits.', (figures) => [
    { value: figures.oldestSeconds },
  ]);
  gauge('armature_workers', 'Workers that gave a sign of life lately.', (figures) => [{ value: figures.workers }]);
  return {
    watch(source) {
      read = source;
    },
  };
}
