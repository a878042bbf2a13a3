import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyRequest } from '../../src/access/key-request.ts';
import { conditionIds } from '../../src/conditions/registry.ts';
import { inspect } from '../../src/models/inspect.ts';
import { FileHashes } from '../../src/models/hashes/file-hashes.ts';
import { openLibrary } from '../../src/models/library.ts';
import { readPreview } from '../../src/models/preview.ts';
import { issueKey } from '../../src/records/access/issue-key.ts';
import { goldenPath } from '../support/golden.ts';
import { type Application, openApplication, pictureFile } from './application.ts';

/** A small base model with two ControlNets: one for a condition, one of a type that nobody knows. */
const manifest = {
  schema: 1,
  controlnets: [
    { path: 'controlnet-a', type: 'canny' },
    { path: 'controlnet-b', type: 'my-sketch' },
  ],
};

let application: Application;
let app: FastifyInstance;
let models: string;
let image: object;

async function serve(
  owner: string | null,
  changes: Parameters<Application['rebuild']>[0] = {},
): Promise<FastifyInstance> {
  const library = await openLibrary([models], {
    conditions: conditionIds,
    inspect: async (...asked) => {
      const finding = await inspect(...asked);
      return { ...finding, models: finding.models.map((model) => ({ ...model, owner })) };
    },
  });
  return await application.rebuild({ library, ...changes });
}

beforeAll(async () => {
  application = await openApplication();
  models = await mkdtemp(join(tmpdir(), 'armature-types-'));
  await cp(goldenPath('models', 'sd15-tiny'), join(models, 'tiny'), { recursive: true });
  await writeFile(join(models, 'tiny', 'armature.json'), JSON.stringify(manifest));
  app = await serve(null);
  image = { data: (await pictureFile()).toString('base64') };
});
afterAll(async () => {
  await application.close();
  await rm(models, { recursive: true });
});

async function post(url: string, payload: object, headers: Readonly<Record<string, string>> = {}, on = app) {
  const { statusCode, body } = await on.inject({ method: 'POST', url, payload, headers });
  return { statusCode, ...(JSON.parse(body) as Record<string, unknown>) };
}

const generation = (control: object): object => ({
  model: 'tiny',
  prompt: 'a cube',
  width: 64,
  height: 64,
  controls: [{ image, ...control }],
});

describe('a ControlNet whose type is no condition of this version', () => {
  const type = 'my-sketch';

  test('is listed with its type, which is listed behind the conditions', async () => {
    const list = (await app.inject('/v1/models')).json<{ controlnets: { id: string; type: string }[] }>();
    expect(list.controlnets).toMatchObject([
      { id: 'tiny-a', type: 'canny' },
      { id: 'tiny-b', type },
    ]);
    const { data } = (await app.inject('/v1/conditions')).json<{ data: { id: string }[] }>();
    expect(data.map(({ id }) => id)).toEqual([...conditionIds, type]);
    expect(data.at(-1)).toMatchObject({ title: type, accepts: ['map'], options: null });
  });

  test.each([[{ preprocess: false }], [{}]])('takes ready-made maps: %j', async (given) => {
    const job = await post('/v1/generations', generation({ type, ...given }));
    expect(job).toMatchObject({
      statusCode: 202,
      effective: { controls: [{ type, model: { id: 'tiny-b' }, preprocess: false }] },
    });
  });

  test.each([[true], [{ low_threshold: 1 }]])('has no extractor: preprocess %j', async (preprocess) => {
    expect(await post('/v1/generations', generation({ type, preprocess }))).toMatchObject({
      statusCode: 400,
      code: 'not_supported_yet',
      field: 'controls[0].preprocess',
      detail:
        'Condition my-sketch has no extractor: it takes a ready-made map only. Send the map with "preprocess": false.',
    });
    expect(await post(`/v1/conditions/${type}`, { image })).toMatchObject({ code: 'not_supported_yet' });
  });

  test('is not chosen by others, who name no measure with it', async () => {
    expect(await post('/v1/generations', { ...generation({ type }), best_of: 2 })).toMatchObject({
      code: 'invalid_request',
      field: 'best_of',
      detail: expect.stringContaining('There is no measure for my-sketch') as string,
    });
  });

  test('is offered to who mistypes it; where there is none, the type is unknown', async () => {
    const choices = [...conditionIds, type];
    expect(await post('/v1/generations', generation({ type: 'my-sketsh' }))).toMatchObject({
      code: 'unknown_condition',
      field: 'controls[0].type',
      choices,
      detail: expect.stringContaining('Did you mean my-sketch?') as string,
    });
    for (const url of ['/v1/generations', `/v1/conditions/${type}`]) {
      const refused = await post(url, { ...generation({ type }), model: 'diorama' }, {}, application.app);
      expect(refused).toMatchObject({ code: 'unknown_condition', choices: conditionIds });
    }
  });
});

describe('a picture beside a model', () => {
  const url = '/v1/models/tiny/preview';
  const listed = async (): Promise<unknown> =>
    (await app.inject('/v1/models')).json<{ base_models: { files: { preview: unknown } }[] }>().base_models[0]?.files
      .preview;
  const get = async (headers: Readonly<Record<string, string>> = {}) => {
    const { statusCode, headers: answered, rawPayload } = await app.inject({ url, headers });
    return { statusCode, type: answered['content-type'], etag: String(answered['etag']), bytes: rawPayload };
  };

  test.each(['tiny.png', 'tiny.preview.PNG', 'tiny/preview.png'])(
    'is served by the id of the model: %s',
    async (name) => {
      expect(await listed()).toBeNull();
      expect(await get()).toMatchObject({ statusCode: 404 });
      const bytes = await pictureFile();
      await writeFile(join(models, name), bytes);
      expect(await listed()).toBe(url);
      const first = await get();
      expect(first).toMatchObject({ statusCode: 200, type: 'image/png', bytes });
      expect(await get({ 'if-none-match': first.etag })).toMatchObject({ statusCode: 304 });
      await writeFile(join(models, name), Buffer.concat([bytes, Buffer.of(0)]));
      expect(await get({ 'if-none-match': first.etag })).toMatchObject({ statusCode: 200 });
      await rm(join(models, name));
      expect(await listed()).toBeNull();
      expect(await get()).toMatchObject({ statusCode: 404 });
    },
  );

  test('is served however long the id of the model is', async () => {
    const id = 'l'.repeat(240);
    const [file, picture] = [join(models, `${id}.safetensors`), join(models, `${id}.png`)];
    await cp(goldenPath('formats', 'lora-kohya.safetensors'), file);
    await writeFile(picture, await pictureFile());
    const { loras } = (await app.inject(`/v1/models?sha256=${id}`)).json<{ loras: { files: { preview: string } }[] }>();
    expect(loras).toMatchObject([{ id, files: { sha256: expect.any(String) as string } }]);
    const { preview } = loras[0]!.files;
    expect((await app.inject(preview)).statusCode).toBe(200);
    const signing = { method: 'POST', url: '/v1/signed-urls', payload: { paths: [preview] } } as const;
    expect((await app.inject(signing)).statusCode).toBe(200);
    await Promise.all([file, picture].map(async (path) => await rm(path)));
  });

  test('is the one that is meant for it before the one that only has its name', async () => {
    const bytes = await pictureFile();
    await writeFile(join(models, 'tiny.png'), 'no picture');
    await writeFile(join(models, 'tiny.preview.png'), bytes);
    expect(await get()).toMatchObject({ statusCode: 200, bytes });
    await rm(join(models, 'tiny.preview.png'));
    // What only has the name of a picture is none.
    expect(await get()).toMatchObject({ statusCode: 404 });
    await rm(join(models, 'tiny.png'));
  });

  test('is no link, nothing larger than 8 MiB, and no path of a request', async () => {
    const elsewhere = join(models, '..', `${basename(models)}-elsewhere.png`);
    const bytes = await pictureFile();
    await writeFile(elsewhere, bytes);
    try {
      await symlink(elsewhere, join(models, 'tiny.png'));
      expect(await listed()).toBeNull();
      expect(await get()).toMatchObject({ statusCode: 404 });
      await rm(join(models, 'tiny.png'));
      await writeFile(join(models, 'tiny.png'), Buffer.concat([bytes, Buffer.alloc(8 * 2 ** 20)]));
      expect(await get()).toMatchObject({ statusCode: 404 });
      await rm(join(models, 'tiny.png'));
      for (const id of ['..%2Ftiny', '..', encodeURIComponent(elsewhere), 'nobody']) {
        expect((await app.inject(`/v1/models/${id}/preview`)).statusCode, id).toBe(404);
      }
    } finally {
      await rm(elsewhere);
    }
  });

  test('that was replaced by a link after the folder was looked at is not followed', async () => {
    const target = join(models, 'other.bin');
    await writeFile(target, await pictureFile());
    await symlink(target, join(models, 'linked.png'));
    expect(await readPreview(join(models, 'linked.png'))).toBeNull();
    expect(await readPreview(target)).toEqual(await pictureFile());
    await rm(join(models, 'linked.png'));
    await rm(target);
  });
});

describe('the SHA-256 of a file', () => {
  type Files = { id: string; files: { sha256: string | null } };
  type Lists = { base_models: Files[]; loras: Files[] };
  const lists = async (query = '') => (await app.inject(`/v1/models${query}`)).json<Lists>();
  const file = () => join(models, 'tiny-lora.safetensors');
  const hashed = async () =>
    createHash('sha256')
      .update(await readFile(file()))
      .digest('hex');

  test('is in the list from when somebody asks for it until the file changes', async () => {
    await cp(goldenPath('formats', 'lora-kohya.safetensors'), file());
    expect((await lists()).loras).toMatchObject([{ id: 'tiny-lora', files: { sha256: null } }]);
    const asked = await lists('?sha256=tiny-lora');
    expect(asked.loras).toMatchObject([{ files: { sha256: await hashed() } }]);
    expect(asked.base_models).toMatchObject([{ files: { sha256: null } }]);
    expect(await lists()).toEqual(asked);
    const other = await readFile(file());
    other[other.length - 1]! ^= 1;
    await writeFile(file(), other);
    expect((await lists()).loras).toMatchObject([{ files: { sha256: null } }]);
    expect((await lists('?sha256=tiny-lora')).loras).toMatchObject([{ files: { sha256: await hashed() } }]);
    await rm(file());
  });

  test('is kept for the next process, and read again where what was kept is damaged', async () => {
    const kept = join(models, '.hashes');
    await writeFile(file(), 'some bytes');
    const opened = async () => {
      const hashes = new FileHashes(kept);
      await hashes.open();
      return hashes;
    };
    expect(await (await opened()).of(file())).toBe(await hashed());
    expect((await opened()).known(file())).toBe(await hashed());
    await writeFile(kept, '{"schema": 1, "files": {');
    expect((await opened()).known(file())).toBeNull();
    await rm(file());
    await expect((await opened()).of(file())).rejects.toMatchObject({ code: 'model_invalid' });
    await rm(kept);
  });

  test('is not waited for by a server that closes', async () => {
    await cp(goldenPath('formats', 'lora-kohya.safetensors'), file());
    const library = await openLibrary([models], { conditions: conditionIds });
    const begun = new Promise<void>((resolve) => {
      library.hashes.of = async () => {
        resolve();
        return await new Promise(() => {});
      };
    });
    const closing = await application.rebuild({ library });
    const asked = closing.inject('/v1/models?sha256=tiny-lora');
    await begun;
    await closing.close();
    const answer = await asked;
    expect(answer.statusCode).toBe(200);
    expect(answer.json<Lists>().loras).toMatchObject([{ id: 'tiny-lora', files: { sha256: null } }]);
    await rm(file());
  });

  test.each([
    ['tiny', 'invalid_request', /^tiny is a folder of several files/],
    ['tinny', 'unknown_model', /Did you mean tiny\?/],
  ])('of %s is refused', async (id, code, detail) => {
    const answer = (await app.inject(`/v1/models?sha256=${id}`)).json<Record<string, unknown>>();
    expect(answer).toMatchObject({ code, field: 'sha256', detail: expect.stringMatching(detail) as string });
  });
});

describe('a list that is asked for again', () => {
  test('is not sent to who has it, until a file comes, changes or goes', async () => {
    const ask = async (headers: Readonly<Record<string, string>> = {}) => {
      const answer = await app.inject({ url: '/v1/models', headers });
      return { status: answer.statusCode, etag: String(answer.headers['etag']), body: answer.body };
    };
    const first = await ask();
    expect(first).toMatchObject({ status: 200, etag: expect.stringMatching(/^"[0-9a-f]{64}"$/) as string });
    expect(await ask({ 'if-none-match': first.etag })).toEqual({ status: 304, etag: first.etag, body: '' });
    expect(await ask({ 'if-none-match': `"other", W/${first.etag}` })).toMatchObject({ status: 304 });
    expect(await ask({ 'if-none-match': '"other"' })).toEqual(first);

    await writeFile(join(models, 'dropped.safetensors'), 'no model');
    const second = await ask({ 'if-none-match': first.etag });
    expect(second.status).toBe(200);
    expect(JSON.parse(second.body)).toMatchObject({ rejected: [{ id: 'dropped', code: 'model_invalid' }] });
    await rm(join(models, 'dropped.safetensors'));
    expect(await ask({ 'if-none-match': second.etag })).toEqual(first);
  });

  test('says what workers have in memory, of models that are seen, and has another ETag then', async () => {
    const { workers } = application.parts.records;
    const sign = { host: 'node-1', pid: 7, version: '0.0.0', deviceState: 'ready', deviceDetail: 'cpu' };
    const ask = async () => {
      const asked = await serve(null);
      const { headers, body } = await asked.inject('/v1/models');
      const lists = JSON.parse(body) as Record<string, { id: string; files?: { loaded: boolean } }[]>;
      const loaded = Object.values(lists).flatMap((list) => list.filter((model) => model.files?.loaded === true));
      return { etag: headers['etag'], loaded: loaded.map(({ id }) => id) };
    };
    const nothing = await ask();
    await workers.sign({ ...sign, id: 'wrk_1', loaded: ['tiny', 'of-somebody-else'] });
    await workers.sign({ ...sign, id: 'wrk_2', loaded: ['tiny-b'] });
    const two = await ask();
    await workers.leave('wrk_1');
    await workers.leave('wrk_2');
    expect([nothing.loaded, two.loaded]).toEqual([[], ['tiny', 'tiny-b']]);
    expect(two.etag).not.toBe(nothing.etag);
    expect(await ask()).toEqual(nothing);
  });

  test('says what was known last of what is in memory where records are away', async () => {
    const { records } = application.parts;
    const sign = { host: 'node-1', pid: 7, version: '0.0.0', deviceState: 'ready', deviceDetail: 'cpu' };
    await records.workers.sign({ ...sign, id: 'wrk_1', loaded: ['tiny'] });
    let asks = 0;
    const alive = async () =>
      asks++ === 0 ? await records.workers.alive() : await Promise.reject(new Error('no records'));
    const asked = await serve(null, { records: { ...records, workers: { ...records.workers, alive } } });
    const first = await asked.inject('/v1/models');
    expect(first.body.match(/"loaded":true/g)).toHaveLength(1);
    let last = first;
    const askAgain = async (): Promise<number> => {
      last = await asked.inject('/v1/models');
      return asks;
    };
    await expect.poll(askAgain, { timeout: 30_000 }).toBeGreaterThan(1);
    await records.workers.leave('wrk_1');
    expect([last.statusCode, last.headers['etag']]).toEqual([200, first.headers['etag']]);
  });

  test('is for whose key it was asked with alone: no cache keeps it for others', async () => {
    expect((await app.inject('/v1/models')).headers['cache-control']).toBe('private, no-cache');
  });
});

describe('a model that somebody owns', () => {
  let own: FastifyInstance;
  let alice: Readonly<Record<string, string>>;
  let bob: Readonly<Record<string, string>>;

  beforeAll(async () => {
    own = await serve('alice');
    const keyOf = async (tenant: string) => {
      const request = keyRequest.parse({ name: 'test', tenant, scopes: ['generate', 'read'] });
      const { text } = await issueKey(application.parts.records.keys, request);
      return { authorization: `Bearer ${text}` };
    };
    alice = await keyOf('alice');
    bob = await keyOf('bob');
  });

  test('is seen and used by its owner alone', async () => {
    const seenBy = async (headers: typeof alice) => {
      const answers = await Promise.all(
        ['/v1/models', '/v1/conditions'].map(async (url) => await own.inject({ url, headers })),
      );
      const [list, conditions] = answers.map(({ body }) => JSON.parse(body) as Record<string, { id: string }[]>);
      const { base_models: bases, controlnets } = list!;
      return [bases, controlnets, conditions!['data']].map((rows) => rows!.map(({ id }) => id));
    };
    expect(await seenBy(alice)).toEqual([['tiny'], ['tiny-a', 'tiny-b'], [...conditionIds, 'my-sketch']]);
    expect(await seenBy(bob)).toEqual([[], [], conditionIds]);

    await writeFile(join(models, 'tiny.png'), await pictureFile());
    const shown = async (headers: typeof alice) =>
      (await own.inject({ url: '/v1/models/tiny/preview', headers })).statusCode;
    expect([await shown(alice), await shown(bob), await shown({})]).toEqual([200, 404, 401]);
    const signed = async (headers: typeof alice) => {
      const payload = { paths: ['/v1/models/tiny/preview'] };
      const answer = await own.inject({ method: 'POST', url: '/v1/signed-urls', headers, payload });
      return (await own.inject(answer.json<{ urls: string[] }>().urls[0]!)).statusCode;
    };
    expect([await signed(alice), await signed(bob)]).toEqual([200, 404]);

    const body = generation({ type: 'canny', preprocess: false });
    expect(await post('/v1/generations', body, alice, own)).toMatchObject({ statusCode: 202 });
    expect(await post('/v1/generations', body, bob, own)).toMatchObject({ code: 'unknown_model', choices: [] });
    expect(await post('/v1/batches', [body], alice, own)).toMatchObject({ statusCode: 202 });
    expect(await post('/v1/batches', [body], bob, own)).toMatchObject({ statusCode: 400 });
    expect(await post('/v1/conditions/my-sketch', { image }, bob, own)).toMatchObject({ code: 'unknown_condition' });
  });
});
