import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { WorkerObserver } from '../worker/observer.ts';
import { type ChildMetrics, childMetrics } from './child-metrics.ts';
import { type DeviceMetrics, deviceMetrics } from './device-metrics.ts';
import { type HttpMetrics, httpMetrics } from './http-metrics.ts';
import { jobMetrics } from './job-metrics.ts';
import { type QueueMetrics, queueMetrics } from './queue-metrics.ts';
import { type StoreMetrics, storeMetrics } from './store-metrics.ts';
import { type WebhookMetrics, webhookMetrics } from './webhook-metrics.ts';

/**
 * What a process counts and measures, in the format of Prometheus. Labels take few values each: routes by their template,
 * never an id, a prompt or a tenant. docs/operations.md lists every name.
 */
export interface Metrics {
  readonly http: HttpMetrics;
  readonly jobs: WorkerObserver;
  readonly device: DeviceMetrics;
  readonly children: ChildMetrics;
  readonly store: StoreMetrics;
  readonly queue: QueueMetrics;
  readonly webhooks: WebhookMetrics;
  readonly registry: Registry;
}

export interface MetricsOptions {
  /** Version of the product. */
  readonly version: string;
  /** What the process does: serve, api or worker. */
  readonly role: string;
}

export function createMetrics({ version, role }: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });
  const build = new Gauge({
    name: 'armature_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'node', 'role'],
    registers,
  });
  build.set({ version, node: process.version, role }, 1);
  return {
    http: httpMetrics(registers),
    jobs: jobMetrics(registers),
    device: deviceMetrics(registers),
    children: childMetrics(registers),
    store: storeMetrics(registers),
    queue: queueMetrics(registers),
    webhooks: webhookMetrics(registers),
    registry,
  };
}
