/** How fast /livez answers while pictures are drawn, and how many steps a cancelled job still takes. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { inlinePicture, root, Service } from './support/service.ts';

const map = readFileSync(new URL('test/diorama/scenes/00_canny.png', root));
const controls = [{ type: 'canny', image: inlinePicture(map), preprocess: false }];
const service = await Service.start();

async function latencies(until: () => boolean): Promise<number[]> {
  const times: number[] = [];
  while (!until()) {
    const startedAt = performance.now();
    await (await fetch(`${service.address}/livez`)).arrayBuffer();
    times.push(performance.now() - startedAt);
    await delay(5);
  }
  return times.toSorted((a, b) => a - b);
}

function percentile(sorted: readonly number[], share: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1);
}

async function measureLivez(): Promise<void> {
  await service.draw({ prompt: 'a red ball', steps: 2, controls });
  let drawing = true;
  const work = Promise.all(
    [1, 2, 3].map(async (seed) => await service.draw({ prompt: 'a red ball', seed, steps: 30, controls })),
  );
  const times = latencies(() => !drawing);
  await work.finally(() => (drawing = false));
  const sorted = await times;
  console.log(
    `/livez while drawing: ${sorted.length} requests, p50 ${percentile(sorted, 0.5)} ms, p99 ${percentile(sorted, 0.99)} ms, worst ${percentile(sorted, 1)} ms (goal: p99 under 50 ms)`,
  );
}

interface JobView {
  readonly id: string;
  readonly status: string;
  readonly progress: { readonly step: number; readonly steps: number } | null;
}

async function job(id: string, action = ''): Promise<JobView> {
  const init = action === '' ? {} : { method: 'POST' };
  return (await (await fetch(`${service.address}/v1/generations/${id}${action}`, init)).json()) as JobView;
}

async function measureCancel(): Promise<void> {
  const response = await fetch(`${service.address}/v1/generations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'a red ball', steps: 150, controls }),
  });
  let view = (await response.json()) as JobView;
  while ((view.progress?.step ?? 0) < 10) {
    await delay(20);
    view = await job(view.id);
  }
  const step = view.progress?.step ?? 0;
  const startedAt = performance.now();
  await job(view.id, '/cancel');
  while (view.status === 'running') {
    await delay(5);
    view = await job(view.id);
  }
  const ms = (performance.now() - startedAt).toFixed(0);
  console.log(`cancel: at step ${step} of 150, ${view.status} ${ms} ms later at step ${view.progress?.step ?? '-'}`);
}

try {
  await measureLivez();
  await measureCancel();
} finally {
  await service.stop();
}
