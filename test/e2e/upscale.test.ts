import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeAlpha, decodePicture } from '../../src/images/decode.ts';
import { encodePicture } from '../../src/images/encode.ts';
import { readSourceType } from '../../src/images/source-type.ts';
import type { AlphaImage } from '../../src/pixels/alpha-image.ts';
import { enlarge } from '../../src/pixels/upscalers/enlarge.ts';
import { pixelUpscaler, pixelUpscalerIds } from '../../src/pixels/upscalers/registry.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { drawBy, fileOf } from '../support/draw-by-service.ts';
import { inlinePicture, root, Service } from '../support/service.ts';

const values = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 37) % 256);
const picture: AlphaImage = { width: 40, height: 30, channels: 3, data: values(3600) };
const glass: AlphaImage = { width: 40, height: 30, channels: 4, data: values(4800) };
const png = async (image: AlphaImage): Promise<object> =>
  inlinePicture(await encodePicture(image, { format: 'png', quality: 100 }));
const image = await png(picture);

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(async () => await service.stop());

const post = async (body: object, headers: Readonly<Record<string, string>> = {}, to = service): Promise<Response> =>
  await to.fetch('/v1/upscales', {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=60', ...headers },
    body: JSON.stringify(body),
  });
const run = async (body: object): Promise<JobView> => (await (await post(body)).json()) as JobView;
const outputOf = async (job: JobView): Promise<AlphaImage> => await decodeAlpha(await fileOf(service, job));
const expected = (from: AlphaImage, size: { width: number; height: number }, upscaler = 'lanczos'): AlphaImage =>
  enlarge(from, size, pixelUpscaler(upscaler)!);

describe('an upscale', () => {
  it('is a job whose output is the picture, larger', async () => {
    const job = await run({ image, scale: 2.05 });
    expect(job).toMatchObject({
      kind: 'upscale',
      status: 'succeeded',
      outputs: [{ width: 82, height: 61, seed: null, content_type: 'image/png' }],
      effective: { upscaler: 'lanczos', width: 82, height: 61, output: { format: 'png' } },
    });
    expect(await outputOf(job)).toEqual(expected(picture, { width: 82, height: 61 }));
    expect((await service.fetch(`/v1/generations/${job.id}/sources/0`)).status).toBe(200);
    const events = await (await service.fetch(`/v1/generations/${job.id}/events`)).text();
    expect(events).toContain('event: succeeded');
  });

  it.each(pixelUpscalerIds)('keeps what is transparent, by %s', async (upscaler) => {
    const job = await run({ image: await png(glass), upscaler, width: 100 });
    expect(await outputOf(job)).toEqual(expected(glass, { width: 100, height: 75 }, upscaler));
  });

  it('lays what is transparent over white where the format has no transparency', async () => {
    const clear = { ...glass, data: new Uint8Array(4800) };
    const response = await post({ image: await png(clear), height: 60 }, { accept: 'image/jpeg' });
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    const { width, height, data } = await decodePicture(new Uint8Array(await response.arrayBuffer()));
    expect([width, height]).toEqual([80, 60]);
    expect(data.every((value) => value >= 254)).toBe(true);
  });

  it('turns a photograph upright', async () => {
    const raw = { width: 40, height: 30, channels: 3 } as const;
    const turned = await sharp(picture.data, { raw }).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const upright = await decodeAlpha(turned);
    expect(upright.width).toBe(30);
    const job = await run({ image: inlinePicture(turned), scale: 2 });
    expect(await outputOf(job)).toEqual(expected(upright, { width: 60, height: 80 }));
    expect((await sharp(await fileOf(service, job)).metadata()).orientation).toBeUndefined();
  });

  it('keeps the mark of a generated picture, in every format, and gives a photograph none', async () => {
    const drawn = await drawBy(service, { prompt: 'a red cube', steps: 1, width: 64, height: 64 });
    for (const format of ['png', 'jpeg', 'webp']) {
      const job = await run({ image: { generation: drawn.id, output: 0 }, scale: 2, output: { format } });
      expect(await readSourceType(await fileOf(service, job))).toBe('trainedAlgorithmicMedia');
    }
    expect(await readSourceType(await fileOf(service, await run({ image, scale: 1 })))).toBeNull();
  });

  it.each([
    [{}, 'scale', /either scale, or width or height or both, but received neither/],
    [{ scale: 2, width: 80 }, 'scale', /received scale and a size/],
    [{ width: 20 }, 'width', /at least that of the picture, 40 x 30/],
    [{ height: 29, width: 80 }, 'width', /received 80 x 29/],
    [{ width: 16_383 }, 'width', /at most 16777216 pixels/],
    [{ scale: 17 }, 'scale', /17/],
    [{ scale: 2, upscaler: 'lanzcos' }, 'upscaler', /Did you mean lanczos/],
    [{ scale: 2, strength: 1 }, 'strength', /strength/],
  ])('refuses %o', async (size, field, detail) => {
    const response = await post({ image, ...size });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ field, detail: expect.stringMatching(detail) });
  });

  it('can be cancelled', async () => {
    const large = await png({ width: 1000, height: 1000, channels: 3, data: values(3_000_000) });
    const jobs = await Promise.all(
      [1, 2].map(async () => (await (await post({ image: large, scale: 4 }, { prefer: 'wait=0' })).json()) as JobView),
    );
    const ids = jobs.map(({ id }) => id);
    await service.until(ids[0]!, ({ status }) => status === 'running' || status === 'succeeded');
    await service.fetch(`/v1/generations/${ids[1]}/cancel`, { method: 'POST' });
    const ended = await service.until(ids[1]!, ({ status }) => !['queued', 'running'].includes(status));
    expect(ended.status).toBe('cancelled');
  });

  it('is done once more after the server was killed, to the same picture', async () => {
    const first = await Service.start();
    const large = await png({ width: 400, height: 400, channels: 3, data: values(480_000) });
    const { id } = (await (await post({ image: large, scale: 4 }, { prefer: 'wait=0' }, first)).json()) as JobView;
    await first.until(id, ({ status }) => status === 'running');
    await first.stop('SIGKILL');
    const second = await Service.start({ data: first.data });
    try {
      const job = await second.until(id, ({ status }) => status === 'succeeded');
      expect(job.attempt).toBe(2);
      const calm = (await (await post({ image: large, scale: 4 }, {}, second)).json()) as JobView;
      expect(calm.outputs[0]!.sha256).toBe(job.outputs[0]!.sha256);
    } finally {
      await second.stop();
      await rm(first.data, { recursive: true, force: true });
    }
  });
});

it('the examples of docs/api.md work as printed', async () => {
  const text = readFileSync(new URL('docs/api.md', root), 'utf8');
  const section = text.slice(text.indexOf('\n### POST /v1/upscales\n'), text.indexOf('\n## Trainings\n'));
  const scripts = [...section.matchAll(/```sh\n(curl[^`]*)```/g)].map(([, script = '']) => script);
  expect(scripts).toHaveLength(1);
  const folder = await mkdtemp(join(tmpdir(), 'armature-upscales-'));
  try {
    await symlink(fileURLToPath(new URL('examples', root)), join(folder, 'examples'));
    const here = scripts[0]!
      .replaceAll('http://127.0.0.1:7860', service.address)
      .replaceAll('curl -sS ', 'curl -sS --fail-with-body ');
    const answer = execFileSync('bash', ['-euc', here], { cwd: folder, encoding: 'utf8' });
    expect(JSON.parse(answer)).toMatchObject({
      status: 'succeeded',
      outputs: [{ width: 1024, content_type: 'image/webp' }],
    });
    const photo = await decodePicture(readFileSync(join(folder, 'examples/photo.jpg')));
    const large = await decodePicture(readFileSync(join(folder, 'large.png')));
    expect(large).toMatchObject({ width: photo.width * 2, height: photo.height * 2 });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
