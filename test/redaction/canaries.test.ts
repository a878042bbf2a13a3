import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localServer } from '../fetch/local-server.ts';
import { newDataFolder } from '../support/embedded-template.ts';
import {
  postgresMissing,
  redisMissing,
  s3Credentials,
  s3Missing,
  startPostgres,
  startRedis,
  startS3,
  type S3Server,
  type TestServer,
} from '../support/servers.ts';
import { freePort } from '../support/free-port.ts';
import { OtlpReceiver } from '../tracing/otlp-receiver.ts';
import { TalkingProcess } from './processes.ts';

/** A text that must not be seen again; its name says where it was put. */
function canary(where: string): string {
  return `CANARY_${where}_7f3a91c2`;
}

/** The same in base64, which begins alike whatever comes behind it. */
const encoded = Buffer.from('CANARY').toString('base64').slice(0, 8);

function canariesIn(text: string): readonly string[] {
  const pattern = new RegExp(`CANARY_\\w*|${encoded}\\w*|${s3Credentials.AWS_SECRET_ACCESS_KEY}`, 'g');
  return [...new Set(text.match(pattern) ?? [])];
}

const adminKey = `${canary('adminkey')}_0123456789abcdef`;
const webhookSecret = (where: string): string =>
  `whsec_${Buffer.from(canary(where).padEnd(30, '_')).toString('base64')}`;

const missing = postgresMissing ?? redisMissing ?? s3Missing;

describe.skipIf(missing !== null)(`a service at log level trace${missing === null ? '' : `, ${missing}`}`, () => {
  let postgres: TestServer;
  let redis: TestServer;
  let s3: S3Server;
  let collector: OtlpReceiver;
  let api: TalkingProcess;
  let worker: TalkingProcess;
  let base: string;
  let workerBase: string;
  let keySecrets: readonly string[] = [];
  const failedStarts: string[] = [];
  /** What strangers to the canaries were answered, while they were about and afterwards. */
  const seen: { readonly what: string; readonly text: string }[] = [];
  const statuses: Record<string, number> = {};

  beforeAll(async () => {
    const data = await newDataFolder();
    [postgres, redis, s3, collector] = await Promise.all([
      startPostgres(),
      startRedis(),
      startS3(),
      OtlpReceiver.start(),
    ]);
    await requirePassword(redis.url, canary('redispassword'));
    const [port, metricsPort] = [await freePort(), await freePort()];
    const common = {
      ARMATURE_POSTGRES_URL: postgres.url.replace('armature@', `armature:${canary('pgpassword')}@`),
      ARMATURE_REDIS_URL: redis.url.replace('redis://', `redis://:${canary('redispassword')}@`),
      ARMATURE_DATA: data,
      ARMATURE_LOG_LEVEL: 'trace',
      ARMATURE_S3_BUCKET: s3.bucket,
      ARMATURE_S3_ENDPOINT: s3.url,
      ...s3Credentials,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: `x-token=${canary('otelheader')}`,
      OTEL_BSP_SCHEDULE_DELAY: '100',
    };
    const ofApi = {
      ...common,
      ARMATURE_ADMIN_KEY: adminKey,
      ARMATURE_WEBHOOK_SECRET: webhookSecret('serversecret'),
      ARMATURE_ALLOW_FETCH: '127.0.0.1',
    };
    base = `http://127.0.0.1:${port}`;
    workerBase = `http://127.0.0.1:${metricsPort}`;
    api = new TalkingProcess(['api', '--port', String(port)], ofApi);
    worker = new TalkingProcess(
      ['worker', '--provider', 'cpu', '--threads', '1', '--metrics-port', String(metricsPort)],
      common,
    );
    await api.untilItAnswers(`${base}/readyz`, 200);
    await worker.untilItAnswers(`${workerBase}/readyz`, 200);
    await startBadly(common);
    await send();
    await api.stop();
    await worker.stop();
  }, 180_000);

  afterAll(async () => {
    collector.close();
    await Promise.all([postgres.stop(), redis.stop(), s3.stop()]);
  });

  /** Settings that are wrong, with a secret in them. */
  async function startBadly(common: Readonly<Record<string, string>>): Promise<void> {
    const wrong = [
      { ARMATURE_POSTGRES_URL: `postgre://armature:${canary('badpgurl')}@db/x` },
      { ARMATURE_POSTGRES_URL: `postgres://armature:${canary('badpgport')}@127.0.0.1:99999/x` },
      { ARMATURE_POSTGRES_URL: `postgres://armature:${canary('awaypg')}@127.0.0.1:1/x` },
      { ARMATURE_POSTGRES_URL: common['ARMATURE_POSTGRES_URL']!.replace('/postgres', '/no_such_database') },
      { ARMATURE_REDIS_URL: `${canary('badredisurl')}@127.0.0.1` },
      { ARMATURE_REDIS_URL: `redis://:${canary('wrongredis')}@${new URL(redis.url).host}` },
      { ARMATURE_REDIS_URL: `redis://:${canary('awayredis')}@127.0.0.1:1` },
      { ARMATURE_S3_ENDPOINT: `ftp://u:${canary('s3endpoint')}@127.0.0.1` },
      { AWS_SECRET_ACCESS_KEY: canary('wrongs3') },
      { ARMATURE_WEBHOOK_SECRET: canary('badwebhooksecret') },
      { ARMATURE_ADMIN_KEY: canary('adminkey with space') },
    ];
    for (const variables of wrong) {
      const environment = {
        ...common,
        ARMATURE_ADMIN_KEY: adminKey,
        ARMATURE_DEBUG: '1',
        ARMATURE_PORT: '0',
        ...variables,
      };
      const child = new TalkingProcess(['api'], environment);
      await child.ended();
      failedStarts.push(child.said);
    }
  }

  /** Does everything with canaries that a client can, and looks at what others see of it. */
  async function send(): Promise<void> {
    const shop = await newKey('shop');
    const other = await newKey('other');
    keySecrets = [shop, other].map((key) => key.split('_')[2]!);
    const receiver = await localServer((_request, response) => {
      response.writeHead(500, { 'x-canary': canary('receiverheader') }).end(canary('receiverbody'));
    });
    const headers = { authorization: `Bearer ${shop}`, 'content-type': 'application/json' };
    const post = async (path: string, body: string, extra: Readonly<Record<string, string>> = {}) => {
      const init = { method: 'POST', headers: { ...headers, ...extra }, body };
      const answer = await fetch(base + path, init);
      return { status: answer.status, text: await answer.text() };
    };
    const note = async (name: string, sent: Promise<{ readonly status: number }>): Promise<void> => {
      statuses[name] = (await sent).status;
    };
    const drawing = (fields: object): string =>
      JSON.stringify({
        prompt: canary('prompt'),
        negative_prompt: canary('negative'),
        steps: 2,
        width: 64,
        height: 64,
        ...fields,
      });
    const draw = async (fields: object, extra: Readonly<Record<string, string>> = {}) =>
      await post('/v1/generations', drawing(fields), extra);
    const canny = (image: object, more: object = {}): object => ({ controls: [{ type: 'canny', image, ...more }] });
    const webhook = {
      url: `${receiver.origin}/hook?token=${canary('hooktoken')}`,
      secret: webhookSecret('hooksecret'),
    };
    const waiting = { prefer: 'wait=60' };

    await note('good', draw({ webhook }, { ...waiting, 'idempotency-key': canary('idempotency') }));
    await note('mismatch', draw({ seed: 1 }, { 'idempotency-key': canary('idempotency') }));
    await note('bad idempotency', draw({}, { 'idempotency-key': `${canary('badidempotency')} é`.slice(0, 40) + '"' }));
    await note(
      'failed',
      draw({ prompt: `${canary('longprompt')} `.repeat(100), prompt_syntax: 'plain', strict: true }, waiting),
    );
    await note('batch', post('/v1/batches', JSON.stringify({ items: [JSON.parse(drawing({}))], webhook })));
    await note(
      'bad batch',
      post('/v1/batches', JSON.stringify([{ prompt: canary('batchprompt'), steps: canary('x') }])),
    );
    await note(
      'bad lines',
      post('/v1/batches', `{"prompt": "${canary('line')}`, { 'content-type': 'application/jsonl' }),
    );
    await note('bad json', post('/v1/generations', `{"prompt": "${canary('badjson')}`));
    await note('unknown field', draw({ [canary('fieldname')]: canary('fieldvalue') }));
    await note('wrong type', draw({ steps: canary('wrongtype') }));
    await note('unknown model', draw({ model: canary('model') }));
    await note('base64', draw(canny({ data: canary('picture') })));
    await note('data url', draw(canny({ data: `data:image/png;base64,${btoa(canary('picture'))}` })));
    await note(
      'refused url',
      draw(canny({ url: `http://u:${canary('urlpassword')}@10.0.0.1/a?sig=${canary('urlquery')}` })),
    );
    await note('failed url', draw(canny({ url: `${receiver.origin}/a.png?sig=${canary('urlquery')}` })));
    await note('away url', draw(canny({ url: `http://127.0.0.1:1/a.png?sig=${canary('urlquery')}` })));
    await note('bad hook', draw({ webhook: { ...webhook, secret: canary('badhooksecret') } }));
    await note('upload', post('/v1/uploads', canary('upload'), { 'content-type': 'image/png' }));
    const form = { 'content-type': `multipart/form-data; boundary=${canary('boundary')}`, 'x-own': canary('header') };
    await note('form', post('/v1/uploads', canary('form'), form));
    await note('media type', post('/v1/generations', canary('body'), { 'content-type': `text/${canary('type')}` }));
    await note('bad key', draw({}, { authorization: `Bearer ${canary('badkey')}` }));
    await note('wrong secret', draw({}, { authorization: `Bearer ${shop.slice(0, 17)}${canary('keysecret')}` }));
    await note('basic', draw({}, { authorization: `Basic ${btoa(canary('basic'))}` }));
    await note(
      'x-api-key',
      fetch(`${base}/v1/generations?key=${canary('query')}`, { headers: { 'x-api-key': canary('xkey') } }),
    );
    await note('cookie', fetch(`${base}/v1/models`, { headers: { ...headers, cookie: `s=${canary('cookie')}` } }));
    await note('cursor', fetch(`${base}/v1/generations?cursor=${canary('cursor')}`, { headers }));
    await note('no such job', fetch(`${base}/v1/generations/gen_x?token=${canary('query')}`, { headers }));
    await note(
      'request id',
      fetch(`${base}/v1/models`, { headers: { ...headers, 'x-request-id': canary('requestid') } }),
    );
    await note(
      'traceparent',
      fetch(`${base}/v1/models`, { headers: { ...headers, traceparent: canary('traceparent') } }),
    );
    await sendRaw(
      `GET /v1/models?${canary('raw')} HTTP/1.1\r\nAuthorization: Bearer ${canary('raw')}\r\nbad header\r\n\r\n`,
    );

    await untilTried(receiver.requests);
    await lookAsStrangers(other, 'while all is well');
    await s3.kill();
    await note('store away', draw(canny({ data: await picture() })));
    await lookAsStrangers(other, 'without the store');
    await s3.restart();
    await redis.kill();
    await note('queue away', draw({}));
    await lookAsStrangers(other, 'without the queue');
    await redis.restart();
    await postgres.kill();
    await note('database away', draw({}, { 'idempotency-key': canary('idempotencyaway') }));
    await note('key not looked up', draw({}, { authorization: `Bearer ${other}` }));
    await lookAsStrangers(other, 'without the database');
    await postgres.restart();
    await api.untilItAnswers(`${base}/readyz`, 200);
    await note('after all', draw({}, waiting));
    await lookAsStrangers(other, 'afterwards');
  }

  async function newKey(tenant: string): Promise<string> {
    const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ name: tenant, tenant });
    const answer = await fetch(`${base}/v1/keys`, { method: 'POST', headers, body });
    return ((await answer.json()) as { readonly key: string }).key;
  }

  async function sendRaw(text: string): Promise<void> {
    const socket = connect(Number(new URL(base).port), '127.0.0.1');
    socket.resume().end(text);
    await once(socket, 'close');
  }

  async function untilTried(requests: readonly unknown[]): Promise<void> {
    while (requests.length < 2) await pause(50);
  }

  /** What the operator and another tenant are shown, headers and all. */
  async function lookAsStrangers(other: string, when: string): Promise<void> {
    const operator = { authorization: `Bearer ${adminKey}` };
    const tenant = { authorization: `Bearer ${other}`, 'content-type': 'application/json' };
    const looks: readonly (readonly [string, RequestInit?])[] = [
      [`${base}/metrics`, { headers: operator }],
      [`${workerBase}/metrics`],
      [`${workerBase}/readyz`],
      [`${base}/readyz`],
      [`${base}/board`],
      [`${base}/v1/admin/overview`, { headers: operator }],
      [`${base}/v1/dead-letters`, { headers: operator }],
      [`${base}/v1/keys`, { headers: operator }],
      [`${base}/v1/generations`, { headers: tenant }],
      [`${base}/v1/webhook-deliveries`, { headers: tenant }],
      [`${base}/v1/generations/gen_none`, { headers: tenant }],
      [`${base}/v1/nothing`],
      [`${base}/v1/generations`, { method: 'POST', headers: tenant, body: '{' }],
      [`${base}/v1/generations`, { method: 'POST', headers: tenant, body: '{"prompt": "a cube", "steps": 0}' }],
    ];
    for (const [url, init] of looks) {
      const answer = await fetch(url, init);
      const text = [...answer.headers].join('\n') + (await answer.text());
      seen.push({ what: `${when}: ${answer.status} ${url}`, text });
    }
  }

  it('was sent all that it should keep to itself, and met every kind of failure', () => {
    expect(statuses).toEqual({
      good: 200,
      mismatch: 422,
      'bad idempotency': 400,
      failed: 200,
      batch: 202,
      'bad batch': 400,
      'bad lines': 400,
      'bad json': 400,
      'unknown field': 400,
      'wrong type': 400,
      'unknown model': 400,
      base64: 400,
      'data url': 400,
      'refused url': 400,
      'failed url': 422,
      'away url': 400,
      'bad hook': 400,
      upload: 400,
      form: 400,
      'media type': 415,
      'bad key': 401,
      'wrong secret': 401,
      basic: 401,
      'x-api-key': 401,
      cookie: 200,
      cursor: 400,
      'no such job': 400,
      'request id': 200,
      traceparent: 200,
      'store away': 503,
      'queue away': 202,
      'database away': 503,
      'key not looked up': 503,
      'after all': 200,
    });
  });

  it('writes none of it to stdout or stderr', () => {
    expect(api.said).toContain('"msg":"request"');
    expect(api.said).toContain('webhook not delivered yet');
    expect(worker.said).toContain('job failed');
    for (const { said } of [api, worker]) {
      expect(canariesIn(said)).toEqual([]);
      for (const secret of keySecrets) expect(said).not.toContain(secret);
    }
  });

  it('repeats no secret of a setting that is wrong', () => {
    for (const said of failedStarts) {
      expect(said).toMatch(/^armature: /m);
      expect(canariesIn(said), said).toEqual([]);
    }
  });

  it('sends none of it to a collector of traces', () => {
    expect(collector.bodies.length).toBeGreaterThan(3);
    for (const body of collector.bodies) expect(canariesIn(body)).toEqual([]);
    const failures = collector.spans.filter(({ failed }) => failed).map(({ attributes }) => attributes['error.type']);
    expect(failures).toContain('prompt_too_long');
  });

  it('shows none of it in metrics, on the board, or to another tenant', () => {
    for (const { what, text } of seen) expect(canariesIn(text), what).toEqual([]);
  });
});

async function requirePassword(url: string, password: string): Promise<void> {
  const client = new Redis(url);
  await client.config('SET', 'requirepass', password);
  client.disconnect();
}

async function picture(): Promise<string> {
  const { default: sharp } = await import('sharp');
  const made = sharp({ create: { width: 32, height: 32, channels: 3, background: '#205080' } });
  return (await made.png().toBuffer()).toString('base64');
}
