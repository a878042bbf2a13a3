import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { dioramaPath } from '../support/diorama.ts';
import { maxAbsDifference } from '../support/golden.ts';
import { inlinePicture, root, Service } from '../support/service.ts';

const scene = readFileSync(dioramaPath('scenes', '04_canny.png'));
const photo = readFileSync(new URL('examples/photo.jpg', root));

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(async () => await service.stop());

async function draw(body: object): Promise<JobView> {
  const response = await service.fetch('/v1/generations', {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=60' },
    body: JSON.stringify({ prompt: 'a red cube', seed: 5, steps: 8, output: { metadata: false }, ...body }),
  });
  const job = (await response.json()) as JobView;
  expect(job.status, JSON.stringify(job)).toBe('succeeded');
  return job;
}

async function bytesOf(job: JobView, output = 0): Promise<Uint8Array> {
  return new Uint8Array(await (await service.fetch(job.outputs[output]!.url)).arrayBuffer());
}

const pictureOf = async (job: JobView): Promise<RgbImage> => await decodePicture(await bytesOf(job));

function meanDifference(a: RgbImage, b: RgbImage): number {
  return a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]!), 0) / a.data.length;
}

describe('drawing over a picture', () => {
  it('leaves the more of it, the lower the strength', async () => {
    const over = { init_image: inlinePicture(photo), width: 256, height: 256 };
    const [low, high] = [await draw({ ...over, strength: 0.25 }), await draw({ ...over, strength: 1 })];
    const again = await draw({ ...over, strength: 0.25 });
    expect(again.outputs[0]!.sha256).toBe(low.outputs[0]!.sha256);
    const untouched = await draw({ ...over, strength: 0.125 });
    const [a, b, c] = [await pictureOf(untouched), await pictureOf(low), await pictureOf(high)];
    expect(meanDifference(a, b)).toBeLessThan(meanDifference(a, c));
    expect(low.progress).toMatchObject({ step: 2, steps: 2, share: 1 });
    expect(low.effective).toMatchObject({
      init_image: { sha256: expect.any(String) },
      init_resize: 'crop',
      strength: 0.25,
      steps: 8,
    });
    expect(Buffer.from(await bytesOf(low)).toString('latin1')).toContain('compositeWithTrainedAlgorithmicMedia');
  });

  it('shares batches with others, and gives the pictures that each gives alone', async () => {
    const over = inlinePicture(scene);
    const requests = [
      { init_image: over, strength: 0.9, steps: 24 },
      { width: 256, height: 256, steps: 24 },
      { init_image: over, strength: 0.5, steps: 40, scheduler: 'euler_a', variation: { seed: 1, strength: 0.5 } },
    ];
    const alone: JobView[] = [];
    for (const request of requests) alone.push(await draw(request));
    const together = await Promise.all(requests.map(draw));
    expect(Math.max(...together.map((job) => job.mean_batch ?? 0))).toBeGreaterThan(1);
    for (const [index, job] of together.entries()) {
      const [one, other] = [await pictureOf(job), await pictureOf(alone[index]!)];
      expect(maxAbsDifference(one.data, other.data)).toBeLessThanOrEqual(1);
    }
  });

  it('refuses by the path of the field', async () => {
    const response = await service.fetch('/v1/generations', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: '', init_image: inlinePicture(scene), strength: 0, steps: 8 }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_request', field: 'strength' });
  });
});

describe('variations', () => {
  it('lie between both seeds, and say so', async () => {
    const [base, none, all, other] = [
      await draw({ seed: 5, scheduler: 'ddim' }),
      await draw({ seed: 5, scheduler: 'ddim', variation: { seed: 9, strength: 0 } }),
      await draw({ seed: 5, scheduler: 'ddim', variation: { seed: 9, strength: 1 } }),
      await draw({ seed: 9, scheduler: 'ddim' }),
    ];
    expect(none.outputs[0]!.sha256).toBe(base.outputs[0]!.sha256);
    expect(all.outputs[0]!.sha256).toBe(other.outputs[0]!.sha256);
    expect(all.outputs[0]).toMatchObject({ seed: 5, variation: { seed: 9, strength: 1 } });
    expect(none.outputs[0]).toMatchObject({ seed: 5, variation: null });
    const some = await draw({ seed: 5, scheduler: 'ddim', count: 2, variation: { seed: 9, strength: 0.1 } });
    expect(some.outputs.map(({ seed, variation }) => [seed, variation?.seed])).toEqual([
      [5, 9],
      [5, 10],
    ]);
    const near = await pictureOf(some);
    expect(meanDifference(near, await pictureOf(base))).toBeLessThan(meanDifference(near, await pictureOf(other)));
  });
});

it('the examples of docs/api.md work as printed', async () => {
  const text = readFileSync(new URL('docs/api.md', root), 'utf8');
  const section = text.slice(text.indexOf('\n### Drawing over a picture\n'), text.indexOf('\n### strict\n'));
  const scripts = [...section.matchAll(/```sh\n(curl[^`]*)```/g)].map(([, script = '']) => script);
  expect(scripts.length).toBeGreaterThanOrEqual(2);
  const folder = await mkdtemp(join(tmpdir(), 'armature-drawn-over-'));
  try {
    await symlink(fileURLToPath(new URL('examples', root)), join(folder, 'examples'));
    const answers = scripts.map((script) => {
      const here = script
        .replaceAll('http://127.0.0.1:7860', service.address)
        .replaceAll('curl -sS ', 'curl -sS --fail-with-body ');
      return execFileSync('bash', ['-euc', here], { cwd: folder, encoding: 'utf8' });
    });
    // The photograph's shape, with no more pixels than the model draws.
    const own = await decodePicture(photo);
    const { width, height } = await decodePicture(readFileSync(join(folder, 'over.png')));
    expect(width * height).toBeLessThanOrEqual(256 * 256);
    expect(Math.abs(width / height - own.width / own.height)).toBeLessThan(0.05);
    expect(JSON.parse(answers.at(-1)!)).toMatchObject({ status: 'succeeded', outputs: [{}, { seed: 7 }] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
