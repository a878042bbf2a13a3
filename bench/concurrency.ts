/** Eight requests at once against one after another: time, mean batch, and whether the pictures are the same. */
import { readFileSync } from 'node:fs';
import { decodePicture } from '../src/images/decode.ts';
import { inlinePicture, root, Service, type JobView } from '../test/support/service.ts';

type Request = Readonly<Record<string, unknown>>;

const scenes = new URL('test/diorama/scenes/', root);
const files = { canny: 'canny', depth: 'depth', openpose: 'pose', seg: 'seg' } as const;
const kinds = Object.keys(files) as (keyof typeof files)[];

function control(type: keyof typeof files, scene: number): Request {
  const bytes = readFileSync(new URL(`0${scene}_${files[type]}.png`, scenes));
  return { type, image: inlinePicture(bytes), preprocess: false };
}

const prompts = [
  'a red ball',
  'a blue cube',
  'a green cone',
  'a person waving',
  '',
  'two cylinders',
  'a white box',
  'a man',
];
const schedulers = ['ddim', 'euler', 'dpmpp_2m', 'unipc', 'euler_a', 'dpmpp_2m_karras', 'ddim', 'euler'];
const variation = (i: number): Request => ({ prompt: prompts[i], seed: 100 + i, width: 256, height: 256 });

const cases: Readonly<Record<string, { readonly goal: number; readonly requests: readonly Request[] }>> = {
  'one ControlNet; prompts, steps and schedulers differ': {
    goal: 0.9,
    requests: prompts.map((_, i) => ({
      ...variation(i),
      steps: 16 + (i % 4) * 2,
      scheduler: schedulers[i],
      controls: [control('canny', i)],
    })),
  },
  'four ControlNets mixed': {
    goal: 1.0,
    requests: prompts.map((_, i) => ({ ...variation(i), steps: 20, controls: [control(kinds[i % 4] ?? 'canny', i)] })),
  },
};

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const startedAt = performance.now();
  const result = await work();
  return [result, (performance.now() - startedAt) / 1000];
}

async function oneAfterAnother(service: Service, requests: readonly Request[]): Promise<JobView[]> {
  const jobs: JobView[] = [];
  for (const request of requests) jobs.push(await service.draw(request));
  return jobs;
}

async function worstDifference(service: Service, a: readonly JobView[], b: readonly JobView[]): Promise<number> {
  let worst = 0;
  for (const [i, job] of a.entries()) {
    const first = await decodePicture(await service.picture(job));
    const second = await decodePicture(await service.picture(b[i] ?? job));
    first.data.forEach((value, at) => (worst = Math.max(worst, Math.abs(value - (second.data[at] ?? 0)))));
  }
  return worst;
}

const rounds = Number(process.argv[2] ?? 3);
const service = await Service.start();
try {
  for (const [name, { goal, requests }] of Object.entries(cases)) {
    // Every network is loaded, and every prompt has been read, before anything is timed.
    await Promise.all(requests.map(async (request) => await service.draw({ ...request, steps: 2 })));
    console.log(`\n${name}`);
    const ratios: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const [alone, aloneSeconds] = await timed(async () => await oneAfterAnother(service, requests));
      const [together, seconds] = await timed(
        async () => await Promise.all(requests.map(async (request) => await service.draw(request))),
      );
      const batch = together.reduce((sum, job) => sum + (job.mean_batch ?? 0), 0) / together.length;
      const difference = await worstDifference(service, alone, together);
      ratios.push(seconds / aloneSeconds);
      console.log(
        `  one after another ${aloneSeconds.toFixed(1)} s, at once ${seconds.toFixed(1)} s, ratio ${(seconds / aloneSeconds).toFixed(2)}, mean batch ${batch.toFixed(1)}, worst difference ${difference}/255`,
      );
    }
    const median = ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? 0;
    console.log(`  median ratio ${median.toFixed(2)} (goal: at most ${goal})`);
  }
} finally {
  await service.stop();
}
