import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fieldNames } from '../../src/generation/parse.ts';
import { type Application, multipart, openApplication } from './application.ts';

/** Names that a route does not know: of queries, of fields, and of types. */
let application: Application;
beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly field?: string;
  readonly choices?: readonly string[];
}

async function ask(method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object): Promise<Problem> {
  return (await application.app.inject({ method, url, ...(payload === undefined ? {} : { payload }) })).json<Problem>();
}

describe('a query', () => {
  test.each([
    ['/v1/generations?stauts=failed', 'status'],
    ['/v1/batches?limt=3', 'limit'],
    ['/v1/dead-letters?cursr=x', 'cursor'],
    ['/v1/webhook-deliveries?staus=dead', 'status'],
    ['/v1/keys?tenat=x', 'tenant'],
    ['/v1/uploads/upl_x?tenat=x', 'tenant'],
  ])('%s is told its nearest name', async (url, name) => {
    const problem = await ask('GET', url);
    expect(problem).toMatchObject({ code: 'invalid_request', choices: [name] });
    expect(problem.detail).toContain(`Did you mean ${name}?`);
  });

  test('is refused on every route of the description', async () => {
    const description = (await application.app.inject('/openapi.json')).json<{
      paths: Record<string, Record<string, unknown>>;
    }>();
    const routes = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method.toUpperCase() as 'GET', path.replaceAll(/\{\w+\}/g, '0')] as const),
    );
    expect(routes.length).toBeGreaterThan(25);
    for (const [method, path] of routes) {
      const payload = method === ('POST' as string) && !path.includes('uploads') ? { prompt: 'x' } : undefined;
      const problem = await ask(method, `${path}?wdth=64`, payload);
      expect([method, path, problem.code, problem.field]).toEqual([method, path, expect.anything(), expect.anything()]);
      expect(problem.detail).toMatch(
        /There is no (?:query parameter|field) wdth|Expected exactly one file|Expected a picture as/,
      );
    }
  });

  test.each([
    ['/v1/dead-letters/replay', { limit: 1 }, 'limit'],
    ['/v1/generations/gen_x/cancel', { reason: 'x' }, 'reason'],
    ['/v1/generations/gen_x/retry', { seed: 7 }, 'seed'],
    ['/v1/batches/bat_x/retry', { status: 'failed' }, 'status'],
    ['/v1/keys/key_x/revoke', { at: 'now' }, 'at'],
    ['/v1/webhook-deliveries/evt_x/replay', ['x'], undefined],
  ])('has no body where %s takes none', async (url, body, field) => {
    const problem = await ask('POST', url, body);
    expect(problem).toMatchObject({ code: 'invalid_request', detail: expect.stringContaining('no fields') as string });
    expect(problem.field).toBe(field);
    // What says nothing is no body: many clients always send one.
    expect((await ask('POST', url, {})).detail ?? '').not.toContain('no fields');
  });

  test('of a submission that has fields in it is told where they go', async () => {
    const { detail } = await ask('POST', '/v1/generations?width=64', { prompt: 'x' });
    expect(detail).toBe('There is no query parameter width. POST /v1/generations takes none. Fields go into the body.');
    expect((await ask('POST', '/v1/batches?name=x', { items: [{ prompt: 'x' }] })).field).toBe('name');
  });

  test.each(['/v1/generations', '/v1/batches', '/v1/dead-letters', '/v1/webhook-deliveries'])(
    'has no cursor that %s did not give',
    async (path) => {
      expect(await ask('GET', `${path}?cursor=zzz`)).toMatchObject({ code: 'invalid_request', field: 'cursor' });
    },
  );
});

describe('a field that nobody knows', () => {
  test.each([
    ['/v1/keys', { name: 'x', scope: ['read'] }, 'scopes'],
    ['/v1/keys', { nam: 'x' }, 'name'],
    ['/v1/generations', { prompt: 'x', stps: 3 }, 'steps'],
    ['/v1/batches', { itms: [] }, 'items'],
  ])('of POST %s is told its nearest name: %j', async (url, payload, name) => {
    const problem = await ask('POST', url, payload);
    expect(problem).toMatchObject({ code: 'invalid_request', choices: [name] });
    expect(problem.detail).toContain(`Did you mean ${name}?`);
  });
});

describe('a name of another program', () => {
  test.each([
    ['cfg_scale', 'guidance_scale'],
    ['sampler_name', 'scheduler'],
    ['num_inference_steps', 'steps'],
    ['image_size', 'width and height'],
    ['size', 'width and height'],
    ['n', 'count'],
    ['batch_size', 'count'],
    ['num_images_per_prompt', 'count'],
    ['denoising_strength', 'strength'],
    ['hr_scale', 'hires.scale'],
    ['hr_second_pass_steps', 'hires.steps'],
    ['refiner_checkpoint', 'refiner.model'],
    ['refiner_switch_at', 'refiner.switch_at'],
    ['image_cfg_scale', 'image_guidance_scale'],
    ['controlnet_conditioning_scale', 'controls[].scale'],
    ['noise_seed', 'seed'],
    ['ckpt_name', 'model'],
    ['Negative', 'negative_prompt'],
    ['response_format', 'Prefer: wait'],
    ['alwayson_scripts', 'controls'],
  ])('%s is told as %s, in JSON and in a form', async (name, ours) => {
    const problem = await ask('POST', '/v1/generations', { prompt: 'x', [name]: 1 });
    expect(problem).toMatchObject({ code: 'invalid_request', field: name });
    expect(problem.detail).toContain(ours);
    const form = await multipart({ prompt: 'x', [name]: '1' });
    const answer = await application.app.inject({ method: 'POST', url: '/v1/generations', ...form });
    expect(answer.json<Problem>().detail).toBe(problem.detail);
  });

  test.each([
    [{ weight: 1 }, 'scale'],
    [{ guidance_start: 0.1 }, 'start'],
    [{ ending_control_step: 0.1 }, 'end'],
    [{ module: 'canny' }, 'type'],
    [{ resize_mode: 1 }, 'resize'],
    [{ processor_res: 512 }, 'resolution'],
    [{ image: { b64_json: 'x' } }, 'data'],
    [{ image: { uri: 'x' } }, 'url'],
  ])('in a control is told: %j', async (fields, ours) => {
    const controls = [{ type: 'canny', image: { data: 'x' }, ...fields }];
    const problem = await ask('POST', '/v1/generations', { prompt: 'x', controls });
    expect(problem.detail).toContain(`it is ${ours} here`);
  });

  test('is never one of ours', () => {
    const { generation, control, controlImage, generationOutput } = fieldNames;
    for (const { known, foreign } of [generation, control, controlImage, generationOutput]) {
      expect(foreign?.size).toBeGreaterThan(4);
      expect(known.filter((name) => foreign?.has(name))).toEqual([]);
    }
  });
});

describe('a type that a route does not take', () => {
  const send = async (url: string, type: string): Promise<Problem & { readonly status: number }> =>
    (
      await application.app.inject({
        method: 'POST',
        url,
        payload: '{"prompt": "x"}',
        headers: { 'content-type': type },
      })
    ).json();

  test.each(['/v1/generations', '/v1/conditions/canny', '/v1/batches', '/v1/keys'])(
    'of curl -d on POST %s',
    async (url) => {
      const problem = await send(url, 'application/x-www-form-urlencoded');
      expect(problem).toMatchObject({
        status: 415,
        code: 'unsupported_media_type',
        choices: expect.arrayContaining(['application/json']) as unknown,
      });
      expect(problem.detail).toContain("-H 'Content-Type: application/json'");
      for (const choice of problem.choices ?? []) expect(problem.detail).toContain(choice);
    },
  );

  test.each(['text/plain', 'application/xml', 'video/mp4'])('such as %s is named', async (type) => {
    expect((await send('/v1/generations', type)).detail).toContain(`"${type}"`);
  });
});
