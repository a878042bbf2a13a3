/** Everyday work and everyday mistakes for some time: memory stays flat. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { inlinePicture, type JobView, root, Service } from '../support/service.ts';
import { type ProcessMemory, residentMemory } from './harness/resident-memory.ts';
import { scenario } from './harness/scenario.ts';
import { Random } from './strangers/random.ts';

/** A photograph that the conditions find something in. */
const photo = readFileSync(new URL('test/photos/astronaut.png', root));

export const soak = scenario({
  title: 'a soak: memory is flat',
  alone: true,
  sizes: { minutes: 20, clients: 4, megabytes: 100 },
  // What is loaded for the first time is most of the memory of so short a time.
  short: { minutes: 0.2, clients: 2, megabytes: 2000 },
  async run({ minutes, clients, megabytes }, report) {
    const service = await Service.start();
    try {
      const { samples, outcomes } = await workFor(service, minutes, clients);
      for (const [outcome, count] of Object.entries(outcomes)) report.figure(outcome, count);
      for (const quarter of [0, 1, 2, 3]) {
        const { minute, processes } = samples[Math.floor(((samples.length - 1) * quarter) / 3)]!;
        report.figure(`after ${minute.toFixed(1)} minutes, MB`, processes.map(written).join(', '));
      }
      report.atLeast('pictures drawn', outcomes['generation succeeded'] ?? 0, 1);
      report.atLeast('maps made', outcomes['extraction succeeded'] ?? 0, minutes >= 1 ? 1 : 0);
      report.exactly(
        'other outcomes',
        Object.keys(outcomes)
          .filter((outcome) => !usual.test(outcome))
          .join(', '),
        '',
      );
      // Of too few nothing could be said.
      report.atLeast('times that memory was looked at', samples.length, 10);
      report.atMost('growth, MB', Math.round(growth(samples, minutes)), megabytes);
    } finally {
      await service.stop();
    }
  },
});

interface MemorySample {
  readonly minute: number;
  readonly megabytes: number;
  readonly processes: readonly ProcessMemory[];
}

interface Soaked {
  readonly samples: readonly MemorySample[];
  /** How often a turn of a client ended in which way. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** How a turn of a client may end; an extraction may take longer than its answer is waited for. */
const usual = /^(?:generation (?:succeeded|cancelled)|extraction (?:succeeded|running|queued)|refused with 400)$/;

const conditions = ['canny', 'softedge', 'scribble', 'lineart', 'depth', 'seg', 'openpose', 'mask', 'normal', 'tile'];

async function workFor(service: Service, minutes: number, clients: number): Promise<Soaked> {
  const startedAt = performance.now();
  const minute = (): number => (performance.now() - startedAt) / 60_000;
  const outcomes: Record<string, number> = {};
  const samples: MemorySample[] = [];
  const work = Array.from({ length: clients }, async (_, index) => {
    const random = new Random(index + 1);
    while (minute() < minutes) {
      const outcome = await oneTurn(service, random);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  });
  const watch = async (): Promise<void> => {
    while (minute() < minutes) {
      const processes = residentMemory(service.pid);
      samples.push({ minute: minute(), megabytes: sum(processes), processes });
      await pause(Math.min(10_000, minutes * 1500));
    }
  };
  await Promise.all([...work, watch()]);
  return { samples, outcomes };
}

/** Median of the last fifth of the time less that of the second fifth, in MB: the first fifth loads what is used. */
function growth(samples: readonly MemorySample[], minutes: number): number {
  const median = (from: number, to: number): number => {
    const within = samples.filter(({ minute }) => minute >= from * minutes && minute < to * minutes);
    return within.map(({ megabytes }) => megabytes).toSorted((a, b) => a - b)[Math.floor(within.length / 2)] ?? 0;
  };
  return median(0.8, 1) - median(0.2, 0.4);
}

function sum(processes: readonly ProcessMemory[]): number {
  return processes.reduce((total, { megabytes }) => total + megabytes, 0);
}

function written({ name, megabytes }: ProcessMemory): string {
  return `${name} ${Math.round(megabytes)}`;
}

async function oneTurn(service: Service, random: Random): Promise<string> {
  const kind = random.next();
  if (kind < 0.1) return await refused(service);
  if (kind < 0.4) return await extracted(service, random);
  return await drawn(service, random);
}

async function drawn(service: Service, random: Random): Promise<string> {
  const control = { type: random.pick(['canny', 'depth', 'seg']), image: inlinePicture(photo) };
  const controls = random.chance(0.6) ? [control] : [];
  const job = await service.submit({
    prompt: `a ${random.pick(['red', 'blue', 'green'])} cube`,
    steps: random.integer(2, 6),
    seed: random.integer(0, 1000),
    controls,
    evaluate: controls.length > 0 && random.chance(0.3),
  });
  if (random.chance(0.15)) await service.fetch(`/v1/generations/${job.id}/cancel`, { method: 'POST' });
  const ended = await follow(service, job);
  if (ended.outputs[0] !== undefined) await service.picture(ended);
  if (random.chance(0.7)) await service.fetch(`/v1/generations/${job.id}`, { method: 'DELETE' });
  return `generation ${ended.status}`;
}

async function extracted(service: Service, random: Random): Promise<string> {
  const type = random.pick(conditions);
  const response = await service.fetch(`/v1/conditions/${type}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=60' },
    body: JSON.stringify({ image: inlinePicture(photo), resolution: random.pick([256, 384, 512]) }),
  });
  const job = (await response.json()) as JobView;
  return `extraction ${job.status}`;
}

async function refused(service: Service): Promise<string> {
  const body = JSON.stringify({ prompt: 'a', controls: [{ type: 'canny', image: { data: 'AAAA' } }] });
  const headers = { 'content-type': 'application/json' };
  const response = await service.fetch('/v1/generations', { method: 'POST', headers, body });
  await response.arrayBuffer();
  return `refused with ${response.status}`;
}

/** Follows a job by its events to the end, as a page does. */
async function follow(service: Service, job: JobView): Promise<JobView> {
  const response = await service.fetch(`/v1/generations/${job.id}/events`);
  await response.text();
  return await service.finished(job);
}
