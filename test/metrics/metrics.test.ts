import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Job, JobResult } from '../../src/generation/job.ts';
import { createMetrics, type Metrics } from '../../src/metrics/metrics.ts';
import { parseExposition } from './exposition.ts';

const metrics = (): Metrics => createMetrics({ version: '1.2.3', role: 'serve' });
const read = async ({ registry }: Metrics) => parseExposition(await registry.metrics());

const documented = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `armature_'))
  .map((row) => row.split('|').map((cell) => cell.trim().replaceAll('`', '')))
  .map(([, name = '', type = '', labels = '']) => ({ name, type, labels: labels.split(', ').filter(Boolean) }));

const job = {
  id: 'gen_1',
  plan: { kind: 'generation', controls: [{ type: 'depth' }, { type: 'canny' }] },
} as unknown as Job;

const result = {
  outputs: [
    {
      fidelity: [
        { control: 0, condition: 'depth', metric: 'rank_correlation', value: 0.93, details: {}, note: null },
        { control: 1, condition: 'canny', metric: 'f1', value: null, details: {}, note: 'No edges.' },
      ],
    },
  ],
  maps: [],
  warnings: [],
  timings: { wait: 2000, prepare: 40, draw: 700, store: 5 },
  meanBatch: 1,
} as unknown as JobResult;

describe('metrics', () => {
  it('are those of docs/operations.md, by name, type and labels', async () => {
    const own = (await metrics().registry.getMetricsAsJSON()).filter(({ name }) => name.startsWith('armature_'));
    const registered = metrics().registry.getMetricsAsArray() as unknown as { name: string; labelNames: string[] }[];
    const labels = new Map(registered.map(({ name, labelNames }) => [name, labelNames]));
    const described = own.map(({ name, type }) => ({ name, type, labels: labels.get(name) }));
    expect(described.length).toBeGreaterThan(15);
    expect(described.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual(
      documented.toSorted((a, b) => a.name.localeCompare(b.name)),
    );
  });

  it('are text that Prometheus reads', async () => {
    const families = await read(metrics());
    expect(families.get('armature_build_info')?.samples).toEqual([
      { name: 'armature_build_info', labels: { version: '1.2.3', node: process.version, role: 'serve' }, value: 1 },
    ]);
    expect(families.get('process_resident_memory_bytes')?.samples[0]?.value).toBeGreaterThan(1e6);
    expect([...families.keys()].some((name) => name.startsWith('nodejs_eventloop_lag'))).toBe(true);
  });

  it('say nothing rather than zero of what is not known', async () => {
    const families = await read(metrics());
    for (const name of [
      'armature_queue_oldest_seconds',
      'armature_workers',
      'armature_device_ready',
      'armature_jobs',
    ]) {
      expect(families.get(name)?.samples, name).toEqual([]);
    }
  });

  it('tell of a job its phases and fidelity', async () => {
    const all = metrics();
    all.jobs.attemptEnded(job, { outcome: 'succeeded', result });
    const families = await read(all);
    const phases = families.get('armature_job_phase_seconds')?.samples.filter(({ name }) => name.endsWith('_sum'));
    expect(phases?.map(({ labels, value }) => [labels['phase'], value])).toEqual([
      ['wait', 2],
      ['prepare', 0.04],
      ['draw', 0.7],
      ['store', 0.005],
    ]);
    const fidelity = families.get('armature_condition_fidelity')?.samples.filter(({ name }) => name.endsWith('_sum'));
    expect(fidelity?.map(({ labels, value }) => [labels, value])).toEqual([
      [{ condition: 'depth', metric: 'rank_correlation' }, 0.93],
    ]);
  });

  it('count failures by code, apart from attempts that are tried again', async () => {
    const all = metrics();
    const error = { code: 'device_lost', detail: 'The device process ended.' } as const;
    all.jobs.attemptEnded(job, { outcome: 'given_back', error });
    all.jobs.attemptEnded(job, { outcome: 'given_back', error });
    all.jobs.attemptEnded(job, { outcome: 'failed', error });
    const samples = (await read(all)).get('armature_attempt_failures_total')?.samples;
    expect(samples?.map(({ labels, value }) => [labels['outcome'], labels['code'], value])).toEqual([
      ['given_back', 'device_lost', 2],
      ['failed', 'device_lost', 1],
    ]);
  });

  it('measure the memory of children that run, and leave out those that do not', async () => {
    const all = metrics();
    all.children.watch('device', () => process.pid);
    all.children.watch('extractor', () => undefined);
    const samples = (await read(all)).get('armature_child_resident_memory_bytes')?.samples ?? [];
    expect(samples.map(({ labels }) => labels['child'])).toEqual(process.platform === 'linux' ? ['device'] : []);
    for (const { value } of samples) expect(value).toBeGreaterThan(1e6);
  });
});
