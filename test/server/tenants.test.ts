import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyRequest } from '../../src/access/key-request.ts';
import type { Scope } from '../../src/access/scopes.ts';
import { issueKey } from '../../src/records/access/issue-key.ts';
import { newJob } from '../records/conformance.ts';
import { type Application, finishJob, openApplication, pictureFile } from './application.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}
type Headers = Readonly<Record<string, string>>;

const zip = { 'content-type': 'application/zip' };
const archive = Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(100)]);

let application: Application;
let owner: Headers;
let stranger: Headers;
let admin: Headers;
/** What the owner has, by the part of the path that names the resource. */
let owned: Readonly<Record<string, string>>;
let upload: string;
let job: string;

beforeAll(async () => {
  application = await openApplication();
  owner = await keyOf('default', ['generate', 'read', 'train']);
  stranger = await keyOf('stranger', ['generate', 'read', 'train']);
  admin = await keyOf('office', ['admin', 'generate', 'read']);
  const data = { data: (await pictureFile()).toString('base64') };
  job = await submit(owner, { prompt: 'a cube', controls: [{ type: 'canny', image: data }] });
  await finishJob(application, { id: job });
  const picture = { 'content-type': 'image/png' };
  const sent = await call('POST', '/v1/uploads', { ...owner, ...picture }, await pictureFile());
  upload = (JSON.parse(sent.body) as { readonly id: string }).id;
  const webhook = {
    url: 'https://example.com/',
    host: 'example.com:443',
    secret: null,
    events: ['succeeded'],
  } as const;
  const told = await application.parts.records.insertJob(newJob('default', { webhook }));
  await finishJob(application, told);
  const [delivery] = await application.parts.records.webhooks.ofJob(told.id);
  const batch = await call('POST', '/v1/batches', owner, [{ prompt: 'a ball' }]);
  const { id: ofBatch } = JSON.parse(batch.body) as { readonly id: string };
  owned = {
    ...(await train()),
    generations: job,
    'dead-letters': job,
    uploads: upload,
    batches: ofBatch,
    'webhook-deliveries': delivery!.id,
  };
});
afterAll(async () => await application.close());

async function keyOf(tenant: string, scopes: readonly Scope[]): Promise<Headers> {
  const { text } = await issueKey(application.parts.records.keys, keyRequest.parse({ name: 'test', tenant, scopes }));
  return { authorization: `Bearer ${text}` };
}

async function call(method: Method, url: string, headers: Headers, payload?: object | Buffer): Promise<Answer> {
  return await application.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
}

async function submit(headers: Headers, payload: object): Promise<string> {
  const answer = await call('POST', '/v1/generations', headers, payload);
  expect(answer.statusCode, answer.body).toBe(202);
  return (JSON.parse(answer.body) as { readonly id: string }).id;
}

/** A training of the owner's that waits; what is in its set nobody has looked at yet. */
async function train(): Promise<{ readonly sets: string; readonly trainings: string }> {
  const made = await call('POST', '/v1/uploads?kind=set', owner, { size: archive.length });
  const { id: set } = JSON.parse(made.body) as { readonly id: string };
  const sent = await call('PUT', `/v1/uploads/${set}`, { ...owner, ...zip }, archive);
  expect(sent.statusCode, sent.body).toBe(200);
  const body = { kind: 'controlnet', condition: 'canny', data: { upload_id: set }, steps: 1 };
  const answer = await call('POST', '/v1/trainings', owner, body);
  expect(answer.statusCode, answer.body).toBe(202);
  return { sets: set, trainings: (JSON.parse(answer.body) as { readonly id: string }).id };
}

/** All that may not differ between what is another's and what is nowhere: ids and times are taken out. */
function seen({ statusCode, headers, body }: Answer, id: string): object {
  const { date: _, 'x-request-id': request, ...others } = headers;
  const text = body.replaceAll(id, 'ID').replaceAll(String(request), 'REQUEST');
  return { statusCode, headers: { ...others, 'content-length': null }, text };
}

interface Operation {
  readonly method: Method;
  readonly path: string;
  readonly resource: string;
}

async function operationsOnOne(): Promise<readonly Operation[]> {
  const { paths } = (await application.app.inject('/openapi.json')).json<{ paths: Record<string, object> }>();
  return Object.entries(paths)
    .filter(([path]) => path.startsWith('/v1/') && path.includes('{id}'))
    .flatMap(([path, operations]) =>
      Object.keys(operations)
        .filter((method) => method !== 'head')
        .map((method) => ({ method: method.toUpperCase() as Method, path, resource: path.split('/')[2]! })),
    );
}

describe('what belongs to another tenant', () => {
  test('answers as if it were nowhere, on every route', async () => {
    // Keys are managed for all tenants, by those with the scope admin; models of one tenant alone stand in models.test.ts.
    const operations = (await operationsOnOne()).filter(({ resource }) => !['keys', 'models'].includes(resource));
    expect(operations.length).toBeGreaterThanOrEqual(7);
    for (const { method, path, resource } of operations) {
      const id = owned[method === 'PUT' ? 'sets' : resource];
      expect(id, `this test has to make one of the ${resource} of the owner`).toBeDefined();
      const nowhere = id!.replace(/.{12}$/, '000000000000');
      const at = (one: string): string =>
        path
          .replace('{id}', one)
          .replace('{file}', 'picture')
          .replace(/\{\w+\}/g, '0');
      const ask = async (one: string): Promise<Answer> =>
        method === 'PUT'
          ? await call(method, at(one), { ...stranger, ...zip }, archive)
          : await call(method, at(one), stranger);
      const [others, none] = [await ask(id!), await ask(nowhere)];
      expect(none.statusCode, `${method} ${path}`).toBe(404);
      expect(seen(others, id!), `${method} ${path}`).toEqual(seen(none, nowhere));
    }
    // It is all still there.
    expect((await call('GET', `/v1/generations/${job}/outputs/0`, owner)).statusCode).toBe(200);
  });

  test('stands in no list', async () => {
    for (const path of [
      '/v1/generations',
      '/v1/trainings',
      '/v1/dead-letters',
      '/v1/batches',
      '/v1/webhook-deliveries',
    ]) {
      expect(JSON.parse((await call('GET', path, stranger)).body)).toMatchObject({ data: [], next_cursor: null });
    }
  });

  test('cannot be referred to', async () => {
    const image = (reference: object) => ({ prompt: 'x', controls: [{ type: 'canny', image: reference }] });
    const ask = async (reference: object) => await call('POST', '/v1/generations', stranger, image(reference));
    const nowhere = (id: string): string => id.replace(/.{12}$/, '000000000000');
    for (const picture of [{ map: 0 }, { output: 0 }]) {
      const others = await ask({ generation: job, ...picture });
      expect(others.statusCode).toBe(400);
      const none = await ask({ generation: nowhere(job), ...picture });
      expect(seen(others, job)).toEqual(seen(none, nowhere(job)));
    }
    const others = await ask({ upload_id: upload });
    expect(others.statusCode).toBe(400);
    expect(seen(others, upload)).toEqual(seen(await ask({ upload_id: nowhere(upload) }), nowhere(upload)));
  });

  test('is kept apart, also where it is the same picture', async () => {
    const headers = { ...stranger, 'content-type': 'image/png' };
    const { id } = JSON.parse((await call('POST', '/v1/uploads', headers, await pictureFile())).body) as { id: string };
    expect(id).not.toBe(upload);
    expect((await call('GET', `/v1/uploads/${id}`, owner)).statusCode).toBe(404);
  });
});

describe('?tenant=', () => {
  test('shows another tenant’s to those with the scope admin, and to nobody else', async () => {
    for (const path of [`/v1/generations/${job}`, `/v1/generations/${job}/outputs/0`, `/v1/uploads/${upload}`]) {
      expect((await call('GET', path, admin)).statusCode).toBe(404);
      expect((await call('GET', `${path}?tenant=default`, admin)).statusCode).toBe(200);
      const refused = await call('GET', `${path}?tenant=default`, stranger);
      expect(JSON.parse(refused.body)).toMatchObject({ code: 'forbidden', choices: ['admin'] });
      expect((await call('GET', `${path}?tenant=default`, owner)).statusCode).toBe(200);
    }
    const list = await call('GET', '/v1/generations?tenant=default', admin);
    expect((JSON.parse(list.body) as { data: unknown[] }).data.length).toBeGreaterThan(0);
    expect((await call('GET', '/v1/generations?tenant=No/Tenant', admin)).statusCode).toBe(400);
  });

  test('lets them cancel another tenant’s job', async () => {
    const id = await submit(owner, { prompt: 'a cube' });
    const path = `/v1/generations/${id}/cancel?tenant=default`;
    expect((await call('POST', path, stranger)).statusCode).toBe(403);
    expect(JSON.parse((await call('POST', path, admin)).body)).toMatchObject({ status: 'cancelled' });
  });
});
