import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorCodes } from '../../src/errors.ts';
import { smallModelPath } from '../support/golden.ts';
import { inlinePicture, root, Service } from '../support/service.ts';

const photo = readFileSync(new URL('examples/photo.jpg', root));
let service: Service;
let models: string;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'armature-models-'));
  // A ControlNet of another family, and a checkpoint whose header lies.
  await cp(smallModelPath('models', 'sd15-tiny', 'controlnet-a'), join(models, 'stranger'), { recursive: true });
  await writeFile(
    join(models, 'stranger', 'armature.json'),
    JSON.stringify({ schema: 1, id: 'stranger', controlnets: [{ path: '.', type: 'canny' }] }),
  );
  await mkdir(join(models, 'broken'));
  const weights = await readFile(smallModelPath('formats', 'controlnet-a-ldm.safetensors'));
  weights.writeBigUInt64LE(2n ** 40n, 0);
  await writeFile(join(models, 'broken', 'broken.safetensors'), weights);
  service = await Service.start({ flags: ['--models', models] });
});
afterAll(async () => {
  await service.stop();
  await rm(models, { recursive: true, force: true });
});

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** A PNG of a few kilobytes that claims, and would unpack to, 20,000 x 20,000 pixels. */
function bomb(): Buffer {
  const header = Buffer.from([0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20, 8, 0, 0, 0, 0]);
  const pixels = deflateSync(Buffer.alloc(20_001 * 200));
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

const canny = (bytes: Uint8Array, more: object = {}): object => ({
  type: 'canny',
  image: inlinePicture(bytes),
  ...more,
});

const cases: readonly (readonly [string, object, keyof typeof errorCodes])[] = [
  ['not a picture', { controls: [canny(Buffer.from('just some words'))] }, 'invalid_image'],
  ['a 20,000 x 20,000 PNG', { controls: [canny(bomb())] }, 'image_too_large'],
  ['a truncated JPEG', { controls: [canny(photo.subarray(0, photo.length / 2))] }, 'invalid_image'],
  ['an SVG', { controls: [canny(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))] }, 'invalid_image'],
  ['an unknown condition', { controls: [{ type: 'cany', image: inlinePicture(photo) }] }, 'unknown_condition'],
  ['an unknown field', { promt: 'a red cube' }, 'invalid_request'],
  ['deep layers that are kept for no step', { deep_cache: { every: 1 } }, 'invalid_request'],
  ['negative steps', { steps: -1 }, 'invalid_request'],
  ['a size that is not a multiple of 8', { width: 250 }, 'invalid_request'],
  ['a window that ends before it starts', { controls: [canny(photo, { start: 0.8, end: 0.2 })] }, 'invalid_request'],
  ['a ControlNet of another family', { controls: [canny(photo, { model: 'stranger' })] }, 'incompatible_control'],
  ['an unknown model', { model: 'dioramma' }, 'unknown_model'],
  ['a model with a corrupt header', { controls: [canny(photo, { model: 'broken' })] }, 'model_invalid'],
  [
    'a picture at an address inside',
    { controls: [{ type: 'canny', image: { url: 'http://127.0.0.1/x.png' } }] },
    'fetch_refused',
  ],
];

describe('bad input is refused before it is queued', () => {
  it.each(cases)('%s', async (_, request, code) => {
    const response = await service.fetch('/v1/generations', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'a red cube', ...request }),
    });
    const problem = (await response.json()) as Record<string, unknown>;
    expect(problem).toMatchObject({ code, status: errorCodes[code].status, title: errorCodes[code].title });
    expect(response.status).toBe(errorCodes[code].status);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(JSON.stringify(problem)).not.toMatch(/node_modules|\.ts:|\.js:|at [A-Z]/);
    expect(JSON.stringify(problem)).not.toContain(models);
  });

  it('and the server goes on: nothing was queued, and the next request is drawn', async () => {
    const listed = (await (await service.fetch('/v1/generations')).json()) as { data: unknown[] };
    expect(listed.data).toEqual([]);
    const job = await service.draw({ prompt: 'a red cube', steps: 2, controls: [canny(photo)] });
    expect(job.outputs).toHaveLength(1);
  });
});
