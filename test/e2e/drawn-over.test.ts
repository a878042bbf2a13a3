import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import sharp from 'sharp';
import { encodePicture } from '../../src/images/encode.ts';
import { decodePicture } from '../../src/images/decode.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { dioramaPath } from '../support/diorama.ts';
import { drawBy, fileOf, pictureOf as drawnPicture } from '../support/draw-by-service.ts';
import { maxAbsDifference } from '../support/golden.ts';
import { inlinePicture, root, Service } from '../support/service.ts';

const scene = readFileSync(dioramaPath('scenes', '04_canny.png'));
const photo = readFileSync(new URL('examples/photo.jpg', root));

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(async () => await service.stop());

const draw = async (body: object): Promise<JobView> => await drawBy(service, { prompt: 'a red cube', ...body });
const bytesOf = async (job: JobView, output = 0): Promise<Uint8Array> => await fileOf(service, job, output);
const pictureOf = async (job: JobView): Promise<RgbImage> => await drawnPicture(service, job);

function meanDifference(a: RgbImage, b: RgbImage): number {
  return a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]!), 0) / a.data.length;
}

/** Requests share a batch, and their pictures are those that they have alone, within 1 of 255. */
async function expectSameTogether(requests: readonly object[]): Promise<void> {
  const alone: JobView[] = [];
  for (const request of requests) alone.push(await draw(request));
  const together = await Promise.all(requests.map(draw));
  expect(Math.max(...together.map((job) => job.mean_batch ?? 0))).toBeGreaterThan(1);
  for (const [index, job] of together.entries()) {
    const [one, other] = [await pictureOf(job), await pictureOf(alone[index]!)];
    expect(maxAbsDifference(one.data, other.data)).toBeLessThanOrEqual(1);
  }
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
    await expectSameTogether(requests);
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

describe('drawing a part anew', () => {
  const side = 256;
  const maskOf = async (levelAt: (x: number, y: number) => number, width = side, height = side) => {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const at = Math.floor(i / 3);
      return levelAt(at % width, Math.floor(at / width));
    });
    return inlinePicture(await encodePicture({ width, height, data }, { format: 'png', quality: 100 }));
  };
  const within = (x: number, y: number): boolean => x >= 64 && x < 160 && y >= 96 && y < 192;
  const source = inlinePicture(readFileSync(dioramaPath('scenes', '04_canny.png')));
  const box = maskOf((x, y) => (within(x, y) ? 255 : 0));

  it('leaves every other pixel as it is, bit for bit, and draws that part', async () => {
    const own = await decodePicture(scene);
    for (const inpaint of [{}, { area: 'masked', padding: 16 }, { fill: 'blur' }, { fill: 'latent_nothing' }]) {
      const asked = { init_image: source, mask_image: await box, mask_blur: 0, strength: 0.9, inpaint };
      const drawn = await pictureOf(await draw(asked));
      expect([drawn.width, drawn.height]).toEqual([own.width, own.height]);
      let changed = 0;
      const outside: number[] = [];
      for (const [i, value] of drawn.data.entries()) {
        const at = Math.floor(i / 3);
        if (within(at % side, Math.floor(at / side))) changed += value === own.data[i] ? 0 : 1;
        else if (value !== own.data[i]) outside.push(i);
      }
      expect(outside).toEqual([]);
      expect(changed).toBeGreaterThan(1000);
    }
  });

  it('with a mask that is white all over is drawing over the picture', async () => {
    const over = { init_image: source, strength: 0.5, scheduler: 'ddim' };
    const white = await draw({ ...over, mask_image: await maskOf(() => 255) });
    expect(white.outputs[0]!.sha256).toBe((await draw(over)).outputs[0]!.sha256);
  });

  it('takes each option at its word: pictures differ with it', async () => {
    const asked = { init_image: source, mask_image: await maskOf((x) => x), strength: 1, scheduler: 'euler' };
    const others: readonly object[] = [
      {},
      { mask_mode: 'soft' },
      { mask_blur: 20 },
      { inpaint: { fill: 'original' } },
      { inpaint: { fill: 'blur' } },
      { inpaint: { fill: 'latent_noise' } },
      { inpaint: { fill: 'latent_nothing' } },
      { inpaint: { area: 'masked' }, width: 128, height: 128 },
    ];
    const hashes: string[] = [];
    for (const other of others) hashes.push((await draw({ ...asked, ...other })).outputs[0]!.sha256);
    expect(new Set(hashes).size).toBe(others.length);
    const small = maskOf((x, y) => (within(x, y) ? 255 : 0));
    const padded = await draw({ ...asked, mask_image: await small, inpaint: { area: 'masked', padding: 0 } });
    const more = await draw({ ...asked, mask_image: await small, inpaint: { area: 'masked', padding: 48 } });
    expect(padded.outputs[0]!.sha256).not.toBe(more.outputs[0]!.sha256);
    expect(more.effective).toMatchObject({
      mask_mode: 'hard',
      mask_blur: 4,
      inpaint: { area: 'masked', padding: 48, fill: null },
    });
  });

  it('shares batches, and takes masks of uploads and files alike', async () => {
    const requests = [
      {
        init_image: source,
        mask_image: await box,
        strength: 0.9,
        steps: 24,
        controls: [{ type: 'canny', image: source, preprocess: false }],
      },
      { init_image: source, strength: 0.6, steps: 30 },
      { width: 256, height: 256, steps: 24 },
    ];
    await expectSameTogether(requests);
  });

  it('refuses masks that say nothing, or not what was meant', async () => {
    const transparent = await sharp(Buffer.alloc(side * side * 4, 200), {
      raw: { width: side, height: side, channels: 4 },
    })
      .png()
      .toBuffer();
    const refusals: readonly (readonly [object, string, RegExp])[] = [
      [{ mask_image: await maskOf(() => 0) }, 'mask_image', /nothing is/],
      [{ mask_image: await maskOf(() => 100) }, 'mask_image', /above a half/],
      [{ mask_image: await maskOf(() => 255, 64, 64) }, 'mask_image', /256 x 256, but it has 64 x 64/],
      [{ mask_image: inlinePicture(transparent) }, 'mask_image', /opaque/],
      [{ mask_image: await box, inpaint: { padding: 8 } }, 'inpaint.padding', /"masked"/],
      [
        { mask_image: await box, init_resize: 'fill', inpaint: { area: 'masked' } },
        'init_resize',
        /size of init_image/,
      ],
      [{ mask_blur: 3 }, 'mask_blur', /mask_image/],
      [{ init_image: undefined, mask_image: await box }, 'mask_image', /init_image/],
    ];
    for (const [fields, field, detail] of refusals) {
      const response = await service.fetch('/v1/generations', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ prompt: '', init_image: source, ...fields }),
      });
      expect(await response.json()).toMatchObject({ status: 400, field, detail: expect.stringMatching(detail) });
    }
    const alpha = await draw({ init_image: source, mask_image: inlinePicture(transparent), mask_channel: 'alpha' });
    expect(alpha.effective).toMatchObject({ mask_channel: 'alpha' });
    await draw({ init_image: source, mask_image: await maskOf(() => 100), mask_mode: 'soft' });
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
  const section = text.slice(text.indexOf('\n### Drawing over a picture\n'), text.indexOf('\n### LoRAs\n'));
  const all = [...section.matchAll(/```sh\n(curl[^`]*)```/g)].map(([, script = '']) => script);
  // The others need a model that users bring.
  const scripts = all.filter((script) => !script.includes('"my-'));
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
    expect(await decodePicture(readFileSync(join(folder, 'extended.png')))).toMatchObject({ width: 352, height: 256 });
    expect(JSON.parse(answers.at(-1)!)).toMatchObject({ status: 'succeeded', outputs: [{}, { seed: 7 }] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
