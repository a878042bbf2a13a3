/** How fast /livez answers while pictures are drawn, and how many steps a cancelled job still takes. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { inlinePicture, root, Service } from '../test/support/service.ts';

const map = readFileSync(new URL('test/diorama/scenes/00_canny.png', root));
const controls = [{ type: 'canny', image: inlinePicture(map), preprocess: false }];
const service = await Service.start();

async function latencies(until: () => boolean): Promise<number[]> {
  const times: number[] = [];
  while (!until()) {
    const startedAt = performance.now();
    await (await service.fetch('/livez')).arrayBuffer();
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

async function measureCancel(): Promise<void> {
  const { id } = await service.submit({ prompt: 'a red ball', steps: 150, controls });
  const { progress } = await service.until(id, (job) => (job.progress?.step ?? 0) >= 10);
  const startedAt = performance.now();
  await service.fetch(`/v1/generations/${id}/cancel`, { method: 'POST' });
  const job = await service.until(id, ({ status }) => status !== 'running');
  const ms = (performance.now() - startedAt).toFixed(0);
  console.log(`cancel: asked at step ${progress?.step} of 150, ${job.status} ${ms} ms later`);
}

try {
  await measureLivez();
  await measureCancel();
} finally {
  await service.stop();
}
