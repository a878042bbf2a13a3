import { setTimeout as pause } from 'node:timers/promises';
import { inlinePicture, type JobView, type Service } from '../support/service.ts';
import { type ProcessMemory, residentMemory } from './resident-memory.ts';
import { Random } from './random.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly photo: Uint8Array;
  readonly seed: number;
  readonly onSample?: (sample: MemorySample) => void;
}

export interface MemorySample {
  readonly minute: number;
  readonly megabytes: number;
  readonly processes: readonly ProcessMemory[];
}

export interface SoakReport {
  readonly samples: readonly MemorySample[];
  /** Jobs by the state in which they ended, and requests that were refused. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Median of the last fifth of the time less that of the second fifth, in MB: the first fifth loads what is used. */
  readonly growth: number;
}

const conditions = ['canny', 'softedge', 'scribble', 'lineart', 'depth', 'seg', 'openpose', 'mask', 'normal', 'tile'];
const clients = 4;

/** Everyday work, and everyday mistakes, for some time: what a server's memory has to stand. */
export async function soak(service: Service, options: SoakOptions): Promise<SoakReport> {
  const started = performance.now();
  const minutes = (): number => (performance.now() - started) / 60_000;
  const outcomes: Record<string, number> = {};
  const samples: MemorySample[] = [];
  const work = Array.from({ length: clients }, async (_, index) => {
    const random = new Random(options.seed + index);
    while (minutes() < options.minutes) {
      const outcome = await oneTurn(service, random, options.photo);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  });
  const watch = async (): Promise<void> => {
    while (minutes() < options.minutes) {
      const processes = residentMemory(service.pid);
      const megabytes = processes.reduce((sum, one) => sum + one.megabytes, 0);
      samples.push({ minute: minutes(), megabytes, processes });
      options.onSample?.(samples.at(-1)!);
      await pause(Math.min(10_000, options.minutes * 1500));
    }
  };
  await Promise.all([...work, watch()]);
  const median = (from: number, to: number): number => {
    const within = samples.filter(({ minute }) => minute >= from * options.minutes && minute < to * options.minutes);
    return within.map(({ megabytes }) => megabytes).toSorted((a, b) => a - b)[Math.floor(within.length / 2)] ?? 0;
  };
  return { samples, outcomes, growth: median(0.8, 1) - median(0.2, 0.4) };
}

async function oneTurn(service: Service, random: Random, photo: Uint8Array): Promise<string> {
  const kind = random.next();
  if (kind < 0.1) return await refused(service);
  if (kind < 0.4) return await extracted(service, random, photo);
  const control = { type: random.pick(['canny', 'depth', 'seg']), image: inlinePicture(photo) };
  const request = {
    prompt: `a ${random.pick(['red', 'blue', 'green'])} cube`,
    steps: random.integer(2, 6),
    seed: random.integer(0, 1000),
    controls: random.chance(0.6) ? [control] : [],
    evaluate: random.chance(0.2),
  };
  const job = await service.submit(request);
  if (random.chance(0.15)) await service.fetch(`/v1/generations/${job.id}/cancel`, { method: 'POST' });
  const ended = await follow(service, job);
  if (ended.outputs[0] !== undefined) await service.picture(ended);
  if (random.chance(0.7)) await service.fetch(`/v1/generations/${job.id}`, { method: 'DELETE' });
  return ended.status;
}

async function refused(service: Service): Promise<string> {
  const body = JSON.stringify({ prompt: 'a', controls: [{ type: 'canny', image: { data: 'AAAA' } }] });
  const headers = { 'content-type': 'application/json' };
  const response = await service.fetch('/v1/generations', { method: 'POST', headers, body });
  await response.arrayBuffer();
  return `refused with ${response.status}`;
}

async function extracted(service: Service, random: Random, photo: Uint8Array): Promise<string> {
  const type = random.pick(conditions);
  const response = await service.fetch(`/v1/conditions/${type}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=60' },
    body: JSON.stringify({ image: inlinePicture(photo), resolution: random.pick([256, 384, 512]) }),
  });
  const job = (await response.json()) as JobView;
  return `extraction ${job.status}`;
}

/** Follows a job by its events to the end, as a page does. */
async function follow(service: Service, job: JobView): Promise<JobView> {
  const response = await service.fetch(`/v1/generations/${job.id}/events`);
  await response.text();
  return await service.finished(job);
}
