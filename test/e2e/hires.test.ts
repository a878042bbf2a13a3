import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { dioramaPath } from '../support/diorama.ts';
import { drawBy, fileOf, pictureOf } from '../support/draw-by-service.ts';
import { maxAbsDifference } from '../support/golden.ts';
import { inlinePicture, root, Service } from '../support/service.ts';

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(async () => await service.stop());

const scene = inlinePicture(readFileSync(dioramaPath('scenes', '04_canny.png')));
const small = { prompt: 'a red cube', width: 128, height: 128 };
const draw = async (body: object): Promise<JobView> => await drawBy(service, { ...small, ...body });

describe('a second pass at a larger size', () => {
  it('over an enlarged picture is what drawing, enlarging and drawing over it come to', async () => {
    const sampling = { steps: 10, scheduler: 'euler_a' };
    const hires = { scale: 1.5, upscaler: 'lanczos', steps: 5, strength: 0.5 };
    const job = await draw({ ...sampling, hires });
    expect(job.outputs[0]).toMatchObject({ width: 192, height: 192 });
    expect(job.progress).toMatchObject({ step: 15, steps: 15, share: 1 });
    expect(job.effective).toMatchObject({ width: 128, hires: { width: 192, upscaler: 'lanczos', run: { steps: 5 } } });

    const first = await draw(sampling);
    const response = await service.fetch('/v1/upscales', {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=60', accept: 'image/png' },
      body: JSON.stringify({
        image: { generation: first.id, output: 0 },
        upscaler: 'lanczos',
        width: 192,
        height: 192,
      }),
    });
    const enlarged = inlinePicture(Buffer.from(await response.arrayBuffer()));
    // The last 5 steps of 10, as the second pass has them.
    const again = await draw({ ...sampling, init_image: enlarged, width: 192, height: 192, strength: 0.5 });
    expect(Buffer.compare((await pictureOf(service, job)).data, (await pictureOf(service, again)).data)).toBe(0);
  });

  it('shares batches with others, and gives the pictures that each gives alone', async () => {
    const canny = { type: 'canny', image: scene, preprocess: false };
    const requests = [
      { hires: { width: 192, strength: 0.8 }, steps: 16, controls: [canny] },
      {
        hires: { width: 192, upscaler: 'bicubic', steps: 20 },
        steps: 12,
        scheduler: 'euler_a',
        variation: { seed: 1, strength: 0.3 },
      },
      { width: 192, height: 192, steps: 40 },
      { steps: 30 },
    ];
    const alone: JobView[] = [];
    for (const request of requests) alone.push(await draw(request));
    const together = await Promise.all(requests.map(draw));
    expect(Math.max(...together.map((job) => job.mean_batch ?? 0))).toBeGreaterThan(1);
    for (const [index, job] of together.entries()) {
      const [one, other] = [await pictureOf(service, job), await pictureOf(service, alone[index]!)];
      expect(maxAbsDifference(one.data, other.data)).toBeLessThanOrEqual(1);
    }
  });

  it('has its controls in the passes that they say, by maps of its size', async () => {
    const hires = { scale: 2, steps: 4, strength: 0.6 };
    const drawn: JobView[] = [];
    for (const passes of ['both', 'low', 'high']) {
      drawn.push(await draw({ hires, controls: [{ type: 'canny', image: scene, passes }] }));
    }
    expect(drawn.map(({ maps }) => maps.map(({ width }) => width))).toEqual([[256], [128], [256]]);
    expect(new Set(drawn.map(({ outputs }) => outputs[0]!.sha256)).size).toBe(3);
    // The map of the second pass is the one that is made at its size.
    const [both, , high] = drawn;
    const alone = await draw({ width: 256, height: 256, steps: 1, controls: [{ type: 'canny', image: scene }] });
    expect([both!.maps[0]!.sha256, high!.maps[0]!.sha256]).toEqual([alone.maps[0]!.sha256, alone.maps[0]!.sha256]);
  });

  it('is refused by the path of its field', async () => {
    const response = await service.fetch('/v1/generations', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...small, hires: { scale: 2, upscaler: 'lanczo' } }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      field: 'hires.upscaler',
      choices: expect.arrayContaining(['lanczos']),
    });
  });

  it('the example of docs/api.md works as printed', async () => {
    const text = readFileSync(new URL('docs/api.md', root), 'utf8');
    const section = text.slice(
      text.indexOf('\n### A second pass at a larger size\n'),
      text.indexOf('\n### Variations\n'),
    );
    const [script = ''] = [...section.matchAll(/```sh\n(curl[^`]*)```/g)].map(([, one = '']) => one);
    const folder = await mkdtemp(join(tmpdir(), 'armature-hires-'));
    try {
      await symlink(fileURLToPath(new URL('examples', root)), join(folder, 'examples'));
      const here = script
        .replaceAll('http://127.0.0.1:7860', service.address)
        .replaceAll('curl -sS ', 'curl -sS --fail-with-body ');
      execFileSync('bash', ['-euc', here], { cwd: folder, encoding: 'utf8' });
      expect(await decodePicture(readFileSync(join(folder, 'hires.png')))).toMatchObject({ width: 256, height: 256 });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('over a picture draws over what was drawn over that', async () => {
    const job = await draw({ init_image: scene, strength: 0.5, hires: { scale: 1.5, steps: 3 } });
    expect(job.outputs[0]).toMatchObject({ width: 192, height: 192 });
    expect(job.progress?.steps).toBe(7);
    expect(Buffer.from(await fileOf(service, job)).toString('latin1')).toContain(
      'compositeWithTrainedAlgorithmicMedia',
    );
  });
});
