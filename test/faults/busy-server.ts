/** Pictures are drawn, one after another: /livez answers in no time meanwhile, and what is cancelled stops within a step. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { inlinePicture, type JobView, root, Service } from '../support/service.ts';
import type { Report } from './harness/report.ts';
import { scenario } from './harness/scenario.ts';

const map = readFileSync(new URL('test/diorama/scenes/00_canny.png', root));
const request = {
  prompt: 'a red ball',
  controls: [{ type: 'canny', image: inlinePicture(map), preprocess: false }],
};

export const busyServer = scenario({
  title: 'the server answers while it draws',
  alone: true,
  sizes: { drawings: 12, steps: 30, most: 50, late: 5 },
  // A machine that tests share is no place to hold times to: whoever blocks the event loop blocks it for longer than this.
  short: { drawings: 3, steps: 10, most: 2000, late: 100 },
  async run({ drawings, steps, most, late }, report) {
    const service = await Service.start();
    try {
      await service.draw({ ...request, steps: 2 });
      await measureLivez(service, { drawings, steps, most }, report);
      await measureCancel(service, late, report);
    } finally {
      await service.stop();
    }
  },
});

async function measureLivez(
  service: Service,
  { drawings, steps, most }: { readonly drawings: number; readonly steps: number; readonly most: number },
  report: Report,
): Promise<void> {
  let drawing = true;
  const seeds = Array.from({ length: drawings }, (_, seed) => seed);
  const work = Promise.all(seeds.map(async (seed) => await service.draw({ ...request, seed, steps })));
  const asked = latencies(service, () => !drawing);
  await work.finally(() => (drawing = false));
  const { sorted, failed } = await asked;
  // Of too few nothing could be said.
  report.atLeast('/livez while drawing: requests', sorted.length, 10);
  report.exactly('/livez while drawing: that failed', failed, 0);
  report.figure('/livez while drawing: p50, ms', percentile(sorted, 0.5));
  report.atMost('/livez while drawing: p99, ms', percentile(sorted, 0.99), most);
  report.figure('/livez while drawing: worst, ms', percentile(sorted, 1));
}

/** `late`: steps that may be drawn after the cancel was answered; the word takes its time to the device. */
async function measureCancel(service: Service, late: number, report: Report): Promise<void> {
  const { id } = await service.submit({ ...request, steps: 150 });
  await service.until(id, (job) => (job.progress?.step ?? 0) >= 10);
  const askedAt = performance.now();
  const answer = await service.fetch(`/v1/generations/${id}/cancel`, { method: 'POST' });
  const asked = ((await answer.json()) as JobView).progress?.step ?? 0;
  const { status, progress } = await service.until(id, (job) => job.status !== 'running');
  report.exactly('cancelled in the middle: status', status, 'cancelled');
  report.figure('cancelled in the middle: steps of 150', progress?.step ?? 0);
  report.atMost('cancelled in the middle: steps that were drawn all the same', (progress?.step ?? 150) - asked, late);
  report.figure('cancelled in the middle: ms', performance.now() - askedAt);
}

/** Milliseconds that /livez takes, again and again, the shortest first, and how often it was no 200. */
async function latencies(
  service: Service,
  until: () => boolean,
): Promise<{ readonly sorted: readonly number[]; readonly failed: number }> {
  const times: number[] = [];
  let failed = 0;
  while (!until()) {
    const startedAt = performance.now();
    const answer = await service.fetch('/livez');
    await answer.arrayBuffer();
    if (answer.status !== 200) failed += 1;
    times.push(performance.now() - startedAt);
    await pause(5);
  }
  return { sorted: times.toSorted((a, b) => a - b), failed };
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
