import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { upscaleTiles, Upscalers } from '../../src/device/upscaling.ts';
import { decodeAlpha } from '../../src/images/decode.ts';
import { encodePicture } from '../../src/images/encode.ts';
import { readSourceType } from '../../src/images/source-type.ts';
import type { AlphaImage } from '../../src/pixels/alpha-image.ts';
import { enlarge } from '../../src/pixels/upscalers/enlarge.ts';
import { pixelUpscaler } from '../../src/pixels/upscalers/registry.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { openUpscalerFile } from '../../src/weights/layouts/upscaler-file.ts';
import { armature } from '../cli/armature.ts';
import { drawBy, fileOf, pictureOf } from '../support/draw-by-service.ts';
import { maxAbsDifference } from '../support/golden.ts';
import { inlinePicture, Service } from '../support/service.ts';
import { float32Tensor, writeSafetensors } from '../weights/write-safetensors.ts';

const picture: AlphaImage = {
  width: 50,
  height: 40,
  channels: 4,
  data: Uint8Array.from({ length: 8000 }, (_, i) => (i % 4 === 3 ? (i >> 3) % 256 : (i * 37) % 256)),
};
const file = await encodePicture(picture, { format: 'png', quality: 100 });
const image = inlinePicture(file);
const fixture = (name: string): string =>
  fileURLToPath(new URL(`../graph/upscalers/${name}.safetensors`, import.meta.url));

let models: string;
let service: Service;
beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'armature-upscalers-'));
  for (const name of ['first-x2', 'basic-x4']) await copyFile(fixture(name), join(models, `${name}.safetensors`));
  writeSafetensors(join(models, 'compact.safetensors'), {
    'body.0.weight': float32Tensor([4, 3, 3, 3], new Float32Array(108)),
    'body.1.weight': float32Tensor([4], new Float32Array(4)),
  });
  await writeFile(join(models, 'old.pth'), 'a pickle');
  service = await Service.start({ flags: ['--models', models] });
});
afterAll(async () => {
  await service.stop();
  await rm(models, { recursive: true, force: true });
});

const post = async (body: object): Promise<Response> =>
  await service.fetch('/v1/upscales', {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=60' },
    body: JSON.stringify(body),
  });

/** By the network in this process. */
async function byNetwork(name: string, from: AlphaImage): Promise<AlphaImage> {
  const path = fixture(name);
  const { hash } = await openUpscalerFile(path);
  const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 2 }, 2 ** 30);
  const common = { id: name, title: name, licence: null, owner: null, hash, path, scale: 2 };
  const tiles = upscaleTiles(await new Upscalers(pool).open({ kind: 'upscaler', ...common }), from);
  let tile = await tiles.next();
  while (tile.done !== true) tile = await tiles.next();
  await pool.release();
  return tile.value;
}

it('upscalers are listed with their scale, and what is none is named', async () => {
  const list = (await (await service.fetch('/v1/models')).json()) as {
    upscalers: { id: string; scale: number }[];
    rejected: { id: string; detail: string }[];
  };
  expect(list.upscalers.map(({ id, scale }) => [id, scale])).toEqual([
    ['basic-x4', 4],
    ['first-x2', 2],
  ]);
  expect(list.rejected.find(({ id }) => id === 'compact')?.detail).toMatch(/a compact upscaler \(SRVGG\)/);
});

it('a network makes a picture larger by its own scale, and the command line makes the same', async () => {
  const job = (await (await post({ image, upscaler: 'first-x2' })).json()) as JobView;
  expect(job).toMatchObject({
    status: 'succeeded',
    progress: { step: 1, steps: 1, share: 1 },
    outputs: [{ width: 100, height: 80 }],
    effective: { upscaler: 'first-x2', width: 100, height: 80 },
  });
  const bytes = await fileOf(service, job);
  expect(await decodeAlpha(bytes)).toEqual(await byNetwork('first-x2', picture));
  expect(await readSourceType(bytes)).toBe('compositeWithTrainedAlgorithmicMedia');

  const [source, target] = [join(models, 'source.png'), join(models, 'target.png')];
  await writeFile(source, file);
  const command = ['upscale', source, '-o', target, '--upscaler', 'first-x2', '--models', models];
  const { code, stdout, stderr } = await armature([...command, '--data', join(models, 'data')]);
  expect(code, stderr).toBe(0);
  expect(stdout).toBe(`${target}  100x80\n`);
  expect(await decodeAlpha(await readFile(target))).toEqual(await decodeAlpha(bytes));
});

it('it is asked as often as the size needs, and a kernel does the rest', async () => {
  const job = (await (await post({ image, upscaler: 'first-x2', scale: 3 })).json()) as JobView;
  const twice = await byNetwork('first-x2', await byNetwork('first-x2', picture));
  const expected = enlarge(twice, { width: 150, height: 120 }, pixelUpscaler('lanczos')!);
  expect(await decodeAlpha(await fileOf(service, job))).toEqual(expected);
});

it('a second pass over what a network enlarged is what drawing, enlarging and drawing over it come to', async () => {
  const small = { prompt: 'a red cube', width: 128, height: 128, scheduler: 'euler_a', steps: 10 };
  const hires = { scale: 1.5, upscaler: 'first-x2', steps: 5, strength: 0.5 };
  const job = await drawBy(service, { ...small, hires });
  expect(job).toMatchObject({ outputs: [{ width: 192 }], progress: { step: 15, steps: 15, share: 1 } });
  expect(job.effective).toMatchObject({ hires: { upscaler: 'first-x2', width: 192 } });
  const first = await drawBy(service, small);
  const enlarged = (await (
    await post({ image: { generation: first.id, output: 0 }, upscaler: 'first-x2', width: 192, height: 192 })
  ).json()) as JobView;
  const over = { generation: enlarged.id, output: 0 };
  const again = await drawBy(service, { ...small, init_image: over, width: 192, height: 192, strength: 0.5 });
  expect((await pictureOf(service, job)).data).toEqual((await pictureOf(service, again)).data);
  const kernel = await drawBy(service, { ...small, hires: { ...hires, upscaler: 'lanczos' } });
  expect(
    maxAbsDifference((await pictureOf(service, kernel)).data, (await pictureOf(service, job)).data),
  ).toBeGreaterThan(5);
});

it.each([
  [{ upscaler: 'first-x3' }, 'unknown_model', /Did you mean first-x2/],
  [{ upscaler: 'diorama' }, 'unknown_model', /There is no upscaler "diorama"/],
  [{ upscaler: 'compact' }, 'model_invalid', /SRVGG/],
])('refuses %o', async (body, code, detail) => {
  const response = await post({ image, ...body });
  expect(await response.json()).toMatchObject({ code, field: 'upscaler', detail: expect.stringMatching(detail) });
});

it('refuses what would be too large on the way', async () => {
  const wide = await encodePicture(
    { width: 1500, height: 1400, channels: 3, data: new Uint8Array(6_300_000) },
    { format: 'png', quality: 100 },
  );
  const response = await post({ image: inlinePicture(wide), upscaler: 'basic-x4', scale: 2 });
  expect(await response.json()).toMatchObject({
    detail: expect.stringMatching(/on the way to 3000 x 2800 it makes 6000 x 5600/),
  });
});
