import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFetcher } from '../../src/fetch/fetcher.ts';
import { kindOf } from '../../src/generation/kinds/kinds.ts';
import { jobSchema, type JobView } from '../../src/server/views/job-schema.ts';
import { localServer } from '../fetch/local-server.ts';
import { type Application, multipart, openApplication, pictureFile } from './application.ts';

let application: Application;
let picture: Buffer;

beforeAll(async () => {
  application = await openApplication();
  picture = await pictureFile();
});
afterAll(async () => await application.close());

async function post(body: object, headers: Record<string, string> = {}) {
  return await application.app.inject({ method: 'POST', url: '/v1/generations', payload: body, headers });
}

async function postForm(parts: Parameters<typeof multipart>[0], url = '/v1/generations') {
  return await application.app.inject({ method: 'POST', url, ...(await multipart(parts)) });
}

describe('POST /v1/generations', () => {
  test('answers 202 with a job that is recorded and queued', async () => {
    const data = picture.toString('base64');
    const controls = [{ type: 'canny', image: { data }, scale: 0.5 }];
    const response = await post({ prompt: 'a red cube', steps: 4, controls, metadata: { order: 7 } });
    expect(response.statusCode).toBe(202);
    const job = jobSchema.strict().parse(response.json());
    expect(response.headers.location).toBe(`/v1/generations/${job.id}`);
    expect(job).toMatchObject({ kind: 'generation', status: 'queued', queue_position: 1, metadata: { order: 7 } });
    expect(job.effective).toMatchObject({
      model: { id: 'diorama' },
      width: 256,
      height: 256,
      steps: 4,
      guidance_scale: 4,
      scheduler: 'dpmpp_2m',
      seed: 123,
      controls: [{ type: 'canny', scale: 0.5, preprocess: { low_threshold: 100 }, map_url: null }],
    });
    expect(await application.parts.queue.holds(job.id)).toBe(true);
    const { plan } = (await application.parts.records.findJob('default', job.id))!;
    const [source] = kindOf(plan).sources(plan);
    expect(Buffer.from(await application.parts.store.get(source!.key))).toEqual(picture);
  });

  test('refuses what needs a network that has to be pulled, and says how', async () => {
    const image = { data: picture.toString('base64') };
    const controls = [
      { type: 'canny', image },
      { type: 'depth', image, preprocess: { network: 'depth-anything-v2-small' } },
    ];
    const response = await post({ prompt: 'x', controls });
    expect(response.statusCode).toBe(409);
    expect(response.json()).toMatchObject({
      code: 'model_missing',
      field: 'controls[1].preprocess',
      detail: expect.stringContaining('armature models pull depth-anything-v2-small'),
    });
    const extraction = await postForm({ image: picture, options: '{"network":"dwpose"}' }, '/v1/conditions/openpose');
    expect(extraction.json()).toMatchObject({ code: 'model_missing', field: 'options' });
    expect((await application.app.inject('/v1/generations?limit=100')).body).not.toContain('depth-anything');
  });

  test('takes a form with the JSON in one part', async () => {
    const request = { prompt: 'x', controls: [{ type: 'depth', image: { part: 'room' }, preprocess: false }] };
    const response = await postForm({ request: JSON.stringify(request), room: picture });
    expect(response.statusCode).toBe(202);
    expect(response.json<JobView>().effective).toMatchObject({ controls: [{ type: 'depth', preprocess: false }] });
  });

  test('takes the flat form of curl', async () => {
    const response = await postForm({ prompt: 'x', steps: '3', seed: '9', canny: picture, depth: picture });
    expect(response.statusCode).toBe(202);
    expect(response.json<JobView>().effective).toMatchObject({
      steps: 3,
      seed: 9,
      controls: [{ type: 'canny' }, { type: 'depth' }],
    });
  });

  test('takes a pose as a list of one frame, and says how it will lie in the output', async () => {
    const keypoints = Array.from({ length: 54 }, (_, i) => (i % 3 === 2 ? 1 : 0.01 * i));
    const pose = { people: [{ pose_keypoints_2d: keypoints }], animals: [] };
    const resizeOf = async (image: unknown): Promise<unknown> => {
      const response = await post({ prompt: 'x', controls: [{ type: 'openpose', image, resize: 'fill' }] });
      expect(response.statusCode).toBe(202);
      return response.json<{ effective: { controls: { resize: string }[] } }>().effective.controls[0]?.resize;
    };
    expect(await resizeOf({ pose: [pose] })).toBe('stretch');
    expect(await resizeOf({ pose: { ...pose, canvas_width: 64, canvas_height: 128 } })).toBe('fill');
    const several = await post({ prompt: 'x', controls: [{ type: 'openpose', image: { pose: [pose, pose] } }] });
    expect(several.json()).toMatchObject({ code: 'invalid_request', field: 'controls[0].image.pose' });
  });

  test('takes a picture that was uploaded, once for the same bytes', async () => {
    const first = await postForm({ file: picture }, '/v1/uploads');
    const second = await application.app.inject({
      method: 'POST',
      url: '/v1/uploads',
      payload: picture,
      headers: { 'content-type': 'image/png' },
    });
    expect([first.statusCode, second.statusCode]).toEqual([201, 201]);
    expect(second.json()).toEqual(first.json());
    const upload = first.json<{ id: string; url: string; width: number; height: number }>();
    expect([upload.width, upload.height]).toEqual([32, 24]);
    expect((await application.app.inject(upload.url)).json()).toEqual(upload);
    const controls = [{ type: 'seg', image: { upload_id: upload.id } }];
    expect((await post({ prompt: 'x', controls })).statusCode).toBe(202);
  });

  test('fetches a picture by its address, once, and keeps it under its content', async () => {
    const server = await localServer((request, response) => {
      if (request.url === '/a') response.writeHead(302, { location: '/b' }).end();
      else response.end(picture);
    });
    const app = await application.rebuild({ fetcher: createFetcher({ allow: [server.host] }) });
    const payload = { prompt: 'x', controls: [{ type: 'canny', image: { url: `${server.origin}/a` } }] };
    const response = await app.inject({ method: 'POST', url: '/v1/generations', payload });
    expect(response.statusCode).toBe(202);
    const job = await application.parts.records.findJob('default', response.json<JobView>().id);
    const key = kindOf(job!.plan).sources(job!.plan)[0]!.key;
    expect(key).toContain(createHash('sha256').update(picture).digest('hex'));
    expect((await application.parts.store.stat(key))?.bytes).toBe(picture.length);
    expect(server.requests).toHaveLength(2);
  });

  test('repeats the links under the public URL', async () => {
    const { parts } = application;
    const app = await application.rebuild({ settings: { ...parts.settings, publicUrl: 'https://draw.example.com/a' } });
    const response = await app.inject({ method: 'POST', url: '/v1/generations', payload: { prompt: 'x' } });
    expect(response.headers.location).toBe(response.json<JobView>().url);
    expect(response.json<JobView>().url).toMatch(/^https:\/\/draw\.example\.com\/a\/v1\/generations\/gen_/);
  });
});

describe('what is refused before it is queued', () => {
  const count = async (): Promise<number> => await application.parts.records.scheduling.depth(null, 1000);

  async function expectRefusal(response: { statusCode: number; json: <T>() => T; headers: object }, code: string) {
    const problem = response.json<{ code: string; status: number; field?: string; instance: string; detail: string }>();
    expect([problem.code, problem.status]).toEqual([code, response.statusCode]);
    expect(response.headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'x-request-id': problem.instance,
    });
    return problem;
  }

  test.each<[object, string, string]>([
    [{ prompt: 'x', steps: -1 }, 'invalid_request', 'steps'],
    [{ prompt: 'x', width: 100 }, 'invalid_request', 'width'],
    [{ prompt: 'x', promt: 'y' }, 'invalid_request', 'promt'],
    [{ prompt: 'x', deep_cache: { every: 1 } }, 'invalid_request', 'deep_cache.every'],
    [{ prompt: 'x', model: 'nope' }, 'unknown_model', 'model'],
    [
      { prompt: 'x', controls: [{ type: 'cany', image: { upload_id: 'u' } }] },
      'invalid_request',
      'controls[0].image.upload_id',
    ],
    [{ prompt: 'x', controls: [{ type: 'canny', image: { part: 'p' } }] }, 'invalid_request', 'controls[0].image.part'],
    [{ prompt: 'x', controls: [{ type: 'canny', image: { data: '#' } }] }, 'invalid_image', 'controls[0].image.data'],
    ...['http://127.0.0.1:7860/livez', 'http://[::ffff:7f00:1]/', 'http://2130706433/', 'file:///etc/passwd'].map(
      (url): [object, string, string] => [
        { prompt: 'x', controls: [{ type: 'canny', image: { url } }] },
        'fetch_refused',
        'controls[0].image.url',
      ],
    ),
  ])('%j', async (body, code, field) => {
    const before = await count();
    const problem = await expectRefusal(await post(body), code);
    expect(problem.field).toBe(field);
    expect(await count()).toBe(before);
  });

  test('pictures by address that are not there, are none, or are too large', async () => {
    const server = await localServer((request, response) => {
      if (request.url === '/none') response.writeHead(404).end();
      else if (request.url === '/large') response.writeHead(200, { 'content-length': 2 ** 26 }).end();
      else response.end('<html>');
    });
    const app = await application.rebuild({ fetcher: createFetcher({ allow: [server.host] }) });
    const send = async (path: string) =>
      await app.inject({
        method: 'POST',
        url: '/v1/conditions/canny',
        payload: { image: { url: `${server.origin}${path}` } },
      });
    const missing = await expectRefusal(await send('/none'), 'fetch_failed');
    expect(missing).toMatchObject({ field: 'image.url', detail: expect.stringContaining('404') as string });
    expect((await expectRefusal(await send('/large'), 'fetch_failed')).detail).toMatch(/larger than/);
    await expectRefusal(await send('/page'), 'invalid_image');
  });

  test('pictures that are none, are cut short, or are bombs', async () => {
    const before = await count();
    const jpeg = await pictureFile('jpeg', 400, 300);
    const pictures: [string, Buffer][] = [
      ['invalid_image', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
      ['invalid_image', Buffer.from('hello')],
      ['invalid_image', jpeg.subarray(0, jpeg.length / 2)],
      ['image_too_large', bomb()],
    ];
    for (const [code, bytes] of pictures) {
      const problem = await expectRefusal(await postForm({ prompt: 'x', canny: bytes }), code);
      expect(problem.field).toBe('controls[0].image');
    }
    expect(await count()).toBe(before);
  });

  test('parts that nothing refers to, that come twice, or stand beside the JSON', async () => {
    const request = JSON.stringify({ prompt: 'x' });
    expect((await expectRefusal(await postForm({ request, spare: picture }), 'invalid_request')).field).toBe('spare');
    expect((await expectRefusal(await postForm({ request, steps: '3' }), 'invalid_request')).field).toBe('steps');
    const twice = await postForm([
      ['prompt', 'x'],
      ['canny', picture],
      ['canny', picture],
    ]);
    expect((await expectRefusal(twice, 'invalid_request')).field).toBe('canny');
  });

  test.each([
    [{ payload: '{"prompt":', headers: { 'content-type': 'application/json' } }, 'invalid_request'],
    [{ payload: '', headers: { 'content-type': 'application/json' } }, 'invalid_request'],
    [{ payload: '"x"', headers: { 'content-type': 'application/json' } }, 'invalid_request'],
    [
      { payload: 'prompt=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      'unsupported_media_type',
    ],
    [{ payload: '', headers: {} }, 'invalid_request'],
    [{ payload: 'x', headers: { 'content-type': 'multipart/form-data' } }, 'invalid_request'],
    [{ payload: '--b\r\n', headers: { 'content-type': 'multipart/form-data; boundary=b' } }, 'invalid_request'],
    [
      { payload: '{}', headers: { 'content-type': 'application/json', 'content-length': '99999999999' } },
      'payload_too_large',
    ],
  ])('the body %j', async (request, code) => {
    await expectRefusal(await application.app.inject({ method: 'POST', url: '/v1/generations', ...request }), code);
  });

  test.each([
    [{ 'idempotency-key': 'é' }, 'invalid_request'],
    [{ 'idempotency-key': 'k'.repeat(256) }, 'invalid_request'],
    [{ accept: 'text/html' }, 'not_acceptable'],
    [{ accept: 'image/png' }, 'not_acceptable'],
  ])('the headers %j', async (headers, code) => {
    await expectRefusal(await post({ prompt: 'x' }, headers), code);
  });

  test('a picture as the answer that cannot be one', async () => {
    const headers = { prefer: 'wait=1', accept: 'image/png' };
    expect((await expectRefusal(await post({ prompt: 'x', count: 2 }, headers), 'invalid_request')).field).toBe(
      'count',
    );
    await expectRefusal(await post({ prompt: 'x', output: { format: 'webp' } }, headers), 'not_acceptable');
  });

  test('more parts, or longer ones, than are read', async () => {
    const many = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`file${index}`, picture]));
    await expectRefusal(await postForm({ request: '{"prompt":"x"}', ...many }), 'payload_too_large');
    await expectRefusal(await postForm({ prompt: 'x'.repeat(2 ** 20 + 1) }), 'payload_too_large');
  });
});

/** A PNG of 20,000 x 20,000 black pixels: small as a file, 1.2 GB decoded. */
function bomb(): Buffer {
  const size = Buffer.alloc(13);
  size.writeUInt32BE(20_000, 0);
  size.writeUInt32BE(20_000, 4);
  size.writeUInt8(1, 8);
  const row = Buffer.alloc(1 + 20_000 / 8);
  const rows = deflateSync(Buffer.concat(Array.from({ length: 20_000 }, () => row)));
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([signature, chunk('IHDR', size), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
