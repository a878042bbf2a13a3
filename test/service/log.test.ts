import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataFolderWithDatabase } from '../support/database-template.ts';
import { newKeyText } from '../../src/access/key-text.ts';
import { openLog } from '../../src/service/log.ts';
import { readConfig } from '../../src/config/config.ts';
import { ArmatureError } from '../../src/errors.ts';
import { freePort } from '../support/free-port.ts';
import { spawnArmature } from '../cli/armature.ts';

function written(work: (log: ReturnType<typeof openLog>) => void): string {
  let text = '';
  const adminKey = 'the-operators-secret-0123456789abcdef';
  const flags = { logLevel: 'trace', adminKey, hubToken: 'hf_hubsecret', redisUrl: 'redis://:SE%22CRET@redis:6379' };
  work(openLog(readConfig(flags, {}), { write: (line) => void (text += line) }));
  return text;
}

describe('the log', () => {
  it('leaves out what people draw and what opens something, wherever it stands', () => {
    const text = written((log) =>
      log.trace({
        plan: {
          prompt: 'SECRET',
          negativePrompt: 'SECRET',
          prompt_2: 'SECRET',
          controls: [{ image: { data: 'SECRET' } }],
        },
        req: { method: 'GET', headers: { 'x-own': 'SECRET' }, cookie: 'SECRET', authorization: 'SECRET' },
        webhook: { secret: 'SECRET' },
        config: { adminKey: 'SECRET', hubToken: 'SECRET', webhookSecret: 'SECRET' },
        picture: new TextEncoder().encode('SECRET'),
        job: 'gen_1',
      }),
    );
    expect(text).not.toContain('SECRET');
    expect(text).not.toContain('83,69,67');
    expect(JSON.parse(text)).toMatchObject({
      job: 'gen_1',
      picture: '6 bytes',
      req: { method: 'GET' },
    });
  });

  it.each([
    ['the password of a URL', 'cannot reach postgres://armature:SECRET@db:5432/x', 'postgres://[redacted]@db:5432/x'],
    ['a password without a user', 'redis://:SECRET@redis:6379 is away', 'redis://[redacted]@redis:6379'],
    [
      'the signature of an address',
      'GET https://s3.example.com/b/k.png?X-Amz-Signature=SECRET failed',
      'k.png?[redacted]',
    ],
    ['a bearer token', 'sent Authorization: Bearer SECRET.x-y', 'Bearer [redacted]'],
    ['the secret of a webhook', 'whsec_SECRET/+=', 'whsec_[redacted]'],
    ['a picture', 'data:image/png;base64,SECRET+/==', 'data:image/png;base64,[redacted]'],
    ['the operator’s key', 'the-operators-secret-0123456789abcdef', '[redacted]'],
    ['the token of the hub', 'hf_hubsecret', '[redacted]'],
    ['a password of the settings, by itself', 'AUTH SE%22CRET', 'AUTH [redacted]'],
    ['a password with a quote in it, as it is meant', 'AUTH SE"CRET', 'AUTH [redacted]'],
  ])('replaces %s in a message, in an error and in a field', (_, message, left) => {
    const text = written((log) => {
      log.info(message);
      log.error({ err: new Error(message, { cause: new ArmatureError('internal', message) }) }, 'failed');
      log.warn({ detail: [message] });
    });
    expect(text).not.toMatch(/SECRET|CRET|hubsecret|operators/);
    expect(text.split(left).length - 1).toBe(4);
    for (const line of text.trim().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  it('replaces a key but for its public part', () => {
    const { id, text: key } = newKeyText();
    const text = written((log) => log.info(`no such key ${key}.`));
    expect(text).toContain(`no such key arm_${id.slice(4)}_[redacted].`);
  });

  it('writes of an error where and why, but not what a driver adds', () => {
    const driver = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (name)=(SECRET)',
      query: 'SECRET',
    });
    const text = written((log) => log.error({ err: new Error('outer', { cause: driver }) }));
    expect(text).not.toContain('SECRET');
    expect(JSON.parse(text)).toMatchObject({
      err: { type: 'Error', message: 'outer', cause: { code: '23505', message: 'duplicate key' } },
    });
    expect(text).toContain('log.test.ts');
  });

  it('writes nothing of what a parser quotes', () => {
    const text = written((log) => {
      try {
        JSON.parse('SECRET');
      } catch (err) {
        log.error({ err });
        log.error(err);
      }
    });
    expect(text).toContain('SyntaxError');
    expect(text).not.toContain('SECRET');
  });
});

describe('a server that logs all that it can', () => {
  const canary = 'CANARY7f3a';
  const adminKey = `${canary}-operators-key-0123456789-abcdef`;
  let data: string;
  let said = '';
  let address: string;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    data = await dataFolderWithDatabase();
    const port = await freePort();
    address = `http://127.0.0.1:${port}`;
    const args = ['serve', '--port', String(port), '--data', data, '--log-level', 'trace', '--threads', '1'];
    const child = spawnArmature(args, { ARMATURE_ADMIN_KEY: adminKey, ARMATURE_HUB_TOKEN: `${canary}hub` });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (said += text.toString()));
    stop = async () => {
      child.kill('SIGTERM');
      await once(child, 'close');
    };
    while ((await fetch(`${address}/readyz`).catch(() => null))?.status !== 200) await pause(200);
  });
  afterAll(async () => await rm(data, { recursive: true, force: true }));

  it('says nothing of keys, prompts, pictures and secrets', async () => {
    const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
    const send = async (path: string, body: string, extra: Record<string, string> = {}): Promise<number> =>
      (await fetch(address + path, { method: 'POST', headers: { ...headers, ...extra }, body })).status;
    const draw = (fields: object): string => JSON.stringify({ prompt: canary, negative_prompt: canary, ...fields });
    const json = async (path: string, body: object) =>
      (await (await fetch(address + path, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as {
        readonly key: string;
      };
    const { key } = await json('/v1/keys', { name: 'shop', tenant: 'shop' });
    const secret = key.split('_')[2]!;

    const statuses = [
      await send('/v1/generations', draw({ steps: 2, width: 64, height: 64 }), { prefer: 'wait=60' }),
      await send('/v1/generations', draw({ steps: 2, width: 64, height: 64 }), { authorization: `Bearer ${key}` }),
      await send('/v1/generations', draw({ steps: canary })),
      await send('/v1/generations', `{"prompt": "${canary}`),
      await send('/v1/generations', draw({ controls: [{ type: 'canny', image: { data: canary } }] })),
      await send(
        '/v1/generations',
        draw({ controls: [{ type: 'canny', image: { url: `http://u:${canary}@127.0.0.1/a?sig=${canary}` } }] }),
      ),
      await send(
        '/v1/generations',
        draw({ controls: [{ type: 'canny', image: { url: `http://127.0.0.1:1/a.png?sig=${canary}` } }] }),
      ),
      await send('/v1/uploads', canary, { 'content-type': 'image/png' }),
      await send('/v1/uploads', canary, { 'content-type': 'multipart/form-data; boundary=x' }),
      await send('/v1/generations', draw({}), { authorization: `Bearer ${canary}` }),
      await send('/v1/generations', draw({}), { authorization: `Basic ${btoa(canary)}` }),
      (await fetch(`${address}/v1/generations?cursor=${canary}`, { headers })).status,
      (await fetch(`${address}/v1/generations/gen_1/events?key=${canary}`, { headers: { 'x-api-key': canary } }))
        .status,
    ];
    expect(statuses).toEqual([200, 202, 400, 400, 400, 400, 400, 400, 400, 401, 401, 400, 401]);
    await stop();
    expect(said).toContain('"msg":"request"');
    expect(said.split('\n').filter((line) => line.includes('"level":')).length).toBeGreaterThan(statuses.length);
    for (const hidden of [canary, secret, btoa(canary)]) expect(said).not.toContain(hidden);
  });
});
