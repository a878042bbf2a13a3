import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { decodePicture } from '../../src/images/decode.ts';
import { fileOf, pictureOf } from '../support/draw-by-service.ts';
import { maxAbsDifference, smallModelPath } from '../support/golden.ts';
import { inlinePicture, root, type Service } from '../support/service.ts';
import { SmallServices } from '../support/small-services.ts';

const asked = {
  prompt: 'a cat',
  negative_prompt: 'rain',
  seed: 1,
  steps: 20,
  width: 64,
  height: 64,
  guidance_scale: 6,
};
const map = {
  type: 'canny',
  image: inlinePicture(readFileSync(smallModelPath('pipelines', 'cond_a.png'))),
  preprocess: false,
  resize: 'stretch',
} as const;
let small: SmallServices;
let models: string;
let service: Service;

beforeAll(async () => {
  small = await SmallServices.inNewFolder();
  ({ models } = small);
  await cp(smallModelPath('models', 'sd15-tiny'), join(models, 'sd15-tiny'), { recursive: true });
  service = await small.start();
});
afterAll(async () => await small.remove());

async function draw(fields: object, by = service): Promise<JobView> {
  return (await by.draw({ ...asked, ...fields })) as unknown as JobView;
}

async function difference(one: JobView, other: JobView): Promise<number> {
  return maxAbsDifference((await pictureOf(service, one)).data, (await pictureOf(service, other)).data);
}

it('guidance at no step draws what no guidance draws, at some of them what lies between', async () => {
  const [all, none, some] = [await draw({}), await draw({ guidance_scale: 1 }), await draw({ guidance_end: 0.5 })];
  expect(await difference(await draw({ guidance_start: 1 }), none)).toBeLessThanOrEqual(1);
  expect(await difference(await draw({ guidance_start: 0, guidance_end: 1 }), all)).toBe(0);
  expect(await difference(some, all)).toBeGreaterThan(1);
  expect(await difference(some, none)).toBeGreaterThan(1);
  expect(some.effective).toMatchObject({ guidance_start: 0, guidance_end: 0.5 });
  expect(Buffer.from(await fileOf(service, some)).toString('latin1')).toContain('CFG start: 0, CFG end: 0.5');
  expect(Buffer.from(await fileOf(service, all)).toString('latin1')).not.toContain('CFG end');
});

it('a ControlNet at every n-th step draws nearly what it draws at all steps', async () => {
  const of = async (every?: number): Promise<JobView> =>
    await draw({ controls: [{ ...map, ...(every === undefined ? {} : { every }) }] });
  const [all, third, once, none] = [await of(), await of(3), await of(150), await draw({})];
  expect(await difference(await of(1), all)).toBe(0);
  expect(await difference(third, all)).toBeGreaterThan(0);
  expect(await difference(third, all)).toBeLessThan(await difference(once, all));
  expect(await difference(third, all)).toBeLessThan(await difference(none, all));
  expect(third.effective).toMatchObject({ controls: [{ every: 3 }] });
  expect(all.effective).toMatchObject({ controls: [{ every: 1 }] });
});

it('merged tokens change a picture a little, and none of them nothing', async () => {
  const [none, half, most] = [await draw({}), await draw({ token_merging: 0.5 }), await draw({ token_merging: 0.75 })];
  expect(await difference(await draw({ token_merging: 0 }), none)).toBe(0);
  expect(await difference(half, none)).toBeGreaterThan(1);
  expect(await difference(most, half)).toBeGreaterThan(1);
  expect(half.effective).toMatchObject({ token_merging: 0.5 });
  expect(Buffer.from(await fileOf(service, half)).toString('latin1')).toContain('Token merging ratio: 0.5');
});

it('deep layers that are kept change a picture the less the oftener they are worked out, and the deeper a step goes', async () => {
  const of = async (every: number, depth: number): Promise<JobView> => await draw({ deep_cache: { every, depth } });
  const [all, second, tenth, deep] = [await draw({}), await of(2, 0), await of(10, 0), await of(10, 7)];
  expect(await difference(second, all)).toBeGreaterThan(0);
  expect(await difference(second, all)).toBeLessThan(await difference(tenth, all));
  expect(await difference(deep, all)).toBeLessThan(await difference(tenth, all));
  expect(await difference(await of(150, 0), tenth)).toBeGreaterThan(1);
  expect([second.effective, all.effective]).toMatchObject([
    { deep_cache: { every: 2, depth: 0 } },
    { deep_cache: null },
  ]);
  const file = Buffer.from(await fileOf(service, second)).toString('latin1');
  expect(file).toContain('DeepCache interval: 2, DeepCache branch: 0');
});

it('the examples of docs/api.md work as printed', async () => {
  const text = readFileSync(new URL('docs/api.md', root), 'utf8');
  const sections = ['Guidance', 'Controls', 'Deep layers'].map(
    (what) => text.split(`\n### ${what} at some of the steps\n`)[1]?.split('\n### ')[0] ?? '',
  );
  const folder = await mkdtemp(join(tmpdir(), 'armature-guided-'));
  try {
    copyFileSync(new URL('examples/photo.jpg', root), join(folder, 'photo.jpg'));
    for (const section of sections) {
      const script = /```sh\n(curl[^`]*)```/.exec(section)?.[1] ?? '';
      const here = script
        .replaceAll('http://127.0.0.1:7860', service.address)
        .replaceAll('curl -sS ', 'curl -sS --fail-with-body ');
      execFileSync('bash', ['-euc', here], { cwd: folder });
      const [, name = ''] = / -o (\S+)/.exec(script) ?? [];
      expect((await decodePicture(readFileSync(join(folder, name)))).width).toBeGreaterThan(0);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('shares steps with other requests, each of which draws what it draws alone', async () => {
  const requests = [
    { guidance_end: 0.5 },
    { guidance_start: 0.25, seed: 2 },
    { seed: 3 },
    { guidance_scale: 1, seed: 4 },
    { seed: 5, controls: [{ ...map, every: 3 }] },
    { seed: 7, token_merging: 0.5 },
    { seed: 8, token_merging: 0.5, controls: [{ ...map, every: 3 }] },
    { seed: 6, guidance_end: 0.5, controls: [{ ...map, every: 4, end: 0.8 }, map] },
    { seed: 9, deep_cache: { every: 2 } },
    { seed: 10, deep_cache: { every: 3 }, guidance_start: 0.25, controls: [map] },
    { seed: 11, deep_cache: { every: 3, depth: 4 }, token_merging: 0.5, controls: [{ ...map, every: 2 }] },
    { seed: 12, deep_cache: { every: 2 }, scheduler: 'heun', steps: 9 },
  ];
  const alone: JobView[] = [];
  for (const one of requests) alone.push(await draw(one));
  const together = await Promise.all(requests.map(async (one) => await draw(one)));
  for (const [index, job] of together.entries()) expect(await difference(job, alone[index]!)).toBeLessThanOrEqual(1);
  expect(Math.max(...together.map((job) => job.mean_batch ?? 0))).toBeGreaterThan(1);
});
