import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { longestNesting } from '../../src/json/json-reader.ts';
import { linesOf } from '../../src/server/batches/lines.ts';
import { defaultServerLimits } from '../../src/server/parts/limits.ts';
import { growth } from '../support/growth.ts';
import { type Application, openApplication, pictureFile } from './application.ts';

/** How the text of a request is read, on every way in: a body of JSON, lines, a part of a form, a part of a flat form. */
let application: Application;
let picture: Buffer;

beforeAll(async () => {
  application = await openApplication();
  picture = await pictureFile();
});
afterAll(async () => await application.close());

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly detail: string;
  readonly field: string | undefined;
  readonly id: string | undefined;
  readonly metadata: unknown;
}

async function post(url: string, payload: Buffer | string, headers: Record<string, string>): Promise<Answer> {
  const response = await application.app.inject({ method: 'POST', url, payload, headers });
  const { code, detail = '', field, id, metadata } = response.json<Partial<Answer>>();
  return { status: response.statusCode, code, detail, field, id, metadata };
}

const boundary = 'a-boundary';
const formHeaders = { 'content-type': `multipart/form-data; boundary=${boundary}` };

/** A form of one part whose header and bytes are as given, and of a prompt where `others` says so. */
function form(disposition: string, bytes: Buffer | string, type = '', others: readonly string[] = []): Buffer {
  const head = `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n${type === '' ? '' : `Content-Type: ${type}\r\n`}\r\n`;
  const fields = others.map((name) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\nx\r\n`);
  return Buffer.concat([
    Buffer.from(fields.join('')),
    Buffer.from(head),
    Buffer.from(bytes),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
}

/** Every way in which the JSON of one generation can come. */
const ways: Readonly<Record<string, (json: Buffer) => Promise<Answer>>> = {
  'a body': async (json) => await post('/v1/generations', json, { 'content-type': 'application/json' }),
  'the part request': async (json) => await post('/v1/generations', form('name="request"', json), formHeaders),
  'the part request of type JSON': async (json) =>
    await post('/v1/generations', form('name="request"', json, 'application/json'), formHeaders),
  'the file request': async (json) =>
    await post('/v1/generations', form('name="request"; filename="blob"', json, 'application/json'), formHeaders),
  'a line': async (json) => await post('/v1/batches', json, { 'content-type': 'application/jsonl' }),
  'the part items': async (json) => await post('/v1/batches', form('name="items"', json), formHeaders),
  'the file items': async (json) =>
    await post('/v1/batches', form('name="items"; filename="a.jsonl"', json), formHeaders),
  'a list': async (json) =>
    await post('/v1/batches', Buffer.concat([Buffer.from('['), json, Buffer.from(']')]), {
      'content-type': 'application/json',
    }),
  'the part request of a batch': async (json) =>
    await post(
      '/v1/batches',
      form('name="request"', Buffer.concat([Buffer.from('['), json, Buffer.from(']')])),
      formHeaders,
    ),
};
const names = Object.keys(ways);

describe.each(names)('JSON that is %s', (name) => {
  const send = async (json: string | Buffer): Promise<Answer> => await ways[name]!(Buffer.from(json));

  test('is read', async () => {
    expect(
      (await send('{"prompt": "K\u00fcche \\u00fc \\"x\\" \u{1f3a8}", "metadata": {"a": [1, -0.5e3, null]}}')).status,
    ).toBe(202);
  });

  test.each([
    ['in ISO-8859-1', Buffer.from('{"prompt": "K\u00fcche"}', 'latin1')],
    ['in UTF-16', Buffer.from('\uFEFF{"prompt": "x"}', 'utf16le')],
    [
      'with half a character',
      Buffer.concat([Buffer.from('{"prompt": "'), Buffer.from([0xe2, 0x82]), Buffer.from('"}')]),
    ],
    [
      'with a surrogate in UTF-8',
      Buffer.concat([Buffer.from('{"prompt": "'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
    ],
  ])('%s is refused', async (_, json) => {
    expect(await send(json)).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  test.each([20, longestNesting + 1, 20_000])(
    'of depth %i is read or refused, and no fault of the server',
    async (depth) => {
      const answer = await send(`{"prompt": "x", "metadata": {"a": ${'['.repeat(depth)}${']'.repeat(depth)}}}`);
      expect(answer.status).toBe(depth === 20 ? 202 : 400);
      if (depth > 20) expect(answer.detail).toContain('inside each other');
    },
  );

  test.each([
    '{"prompt": "a", "prompt": "b"}',
    '{"prompt": "a", "pr\\u006fmpt": "a"}',
    '{"prompt": "a", "metadata": {"x": [{"y": 1, "z": 2, "y": 3}]}}',
    '{"prompt": "a", "controls": [{"type": "canny", "image": {"data": "x", "data": "y"}}]}',
  ])('with a name twice is refused: %s', async (json) => {
    expect(await send(json)).toMatchObject({ status: 400, detail: expect.stringContaining('twice') as string });
  });

  test.each([
    '9007199254740993',
    '-12345678901234567890',
    '1e400',
    '-1e400',
    '1e-400',
    '0.1000000000000000055511151231257827',
    '0.30000000000000001',
    `1${'0'.repeat(500)}`,
  ])('with the number %s in metadata is refused', async (number) => {
    expect(await send(`{"prompt": "x", "metadata": {"list": [{"id": ${number}}]}}`)).toMatchObject({
      status: 400,
      detail: expect.stringContaining('number') as string,
    });
  });

  test.each([
    '{"prompt": "x",}',
    '{"prompt": NaN}',
    '{"seed": 01}',
    '{"prompt": "a\nb"}',
    '{"a": .5}',
    '{"prompt" "x"}',
    '{]',
    '"',
    '1.',
    '--1',
    'tru',
    '{} {}',
  ])('that is none is refused: %j', async (json) => {
    expect(await send(json)).toMatchObject({ status: 400, code: 'invalid_request' });
  });
});

describe('a byte order mark', () => {
  test.each(names.filter((name) => !name.includes('list') && name !== 'the part request of a batch'))(
    'is passed over in front of %s',
    async (name) => {
      expect((await ways[name]!(Buffer.from('\uFEFF{"prompt": "x"}'))).status).toBe(202);
    },
  );

  test('is passed over in front of a text part, and of metadata', async () => {
    const { id, status } = await post('/v1/generations', form('name="prompt"', '\uFEFFa cube'), formHeaders);
    expect(status).toBe(202);
    const job = await application.app.inject(`/v1/generations/${id}`);
    expect(job.json<{ effective: { prompt: string } }>().effective.prompt).toBe('a cube');
    const metadata = form('name="metadata"', '\uFEFF{"a": 1}', '', ['prompt']);
    expect(await post('/v1/generations', metadata, formHeaders)).toMatchObject({ status: 202, metadata: { a: 1 } });
  });
});

describe('numbers', () => {
  test.each([
    '9007199254740991',
    '0.1',
    '1.0',
    '-0',
    '1e22',
    '123456789012345680000',
    '5e-324',
    '1.7976931348623157e308',
    '100000000000000000000000',
  ])('that a double keeps come back: %s', async (number) => {
    const json = `{"prompt": "x", "metadata": {"id": ${number}}}`;
    const { status, metadata } = await ways['a body']!(Buffer.from(json));
    expect(status).toBe(202);
    expect((metadata as { id: number }).id).toBeCloseTo(Number(number));
  });

  test('that some programs write with 17 digits are taken where they are only used', async () => {
    expect((await ways['a body']!(Buffer.from('{"prompt": "x", "guidance_scale": 7.0999999999999996}'))).status).toBe(
      202,
    );
    expect((await ways['a body']!(Buffer.from('{"prompt": "x", "guidance_scale": 7.09999999999999999}'))).status).toBe(
      400,
    );
  });

  test('that differ do not make the same request', async () => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'numbers' };
    for (const id of ['9007199254740993', '9007199254740992']) {
      const { status } = await post('/v1/generations', `{"prompt": "x", "metadata": {"id": ${id}}}`, headers);
      expect(status).toBe(id.endsWith('2') ? 202 : 400);
    }
  });

  test.each(['guidance_scale', 'seed'])('in the part %s of a flat form are kept or refused', async (name) => {
    const answer = await post(
      '/v1/generations',
      form(`name="${name}"`, '7.000000000000000000001', '', ['prompt']),
      formHeaders,
    );
    expect(answer).toMatchObject({ status: 400, field: name });
  });
});

describe('what is not UTF-8', () => {
  test.each(['prompt', 'metadata', 'negative_prompt'])('is refused in the part %s', async (name) => {
    const bytes = Buffer.from(name === 'metadata' ? '{"a": "\u00fc"}' : 'K\u00fcche', 'latin1');
    const others = name === 'prompt' ? [] : ['prompt'];
    expect(await post('/v1/generations', form(`name="${name}"`, bytes, '', others), formHeaders)).toMatchObject({
      status: 400,
      field: name,
    });
  });

  test.each(['iso-8859-1', 'utf-16', '"windows-1252"', 'UTF-16LE', 'us-ascii'])(
    'is refused where the charset %s says so',
    async (charset) => {
      const type = `; charset=${charset}`;
      const json = '{"prompt": "x"}';
      const answers = [
        await post('/v1/generations', json, { 'content-type': `application/json${type}` }),
        await post('/v1/conditions/canny', json, { 'content-type': `application/json${type}` }),
        await post('/v1/batches', json, { 'content-type': `application/jsonl${type}` }),
        await post('/v1/batches', `[${json}]`, { 'content-type': `application/json${type}` }),
        await post('/v1/keys', '{"name": "x"}', { 'content-type': `application/json${type}` }),
        await post('/v1/generations', form('name="prompt"', 'x', `text/plain${type}`), formHeaders),
        await post('/v1/generations', form('name="request"', json, `application/json${type}`), formHeaders),
        await post(
          '/v1/generations',
          form('name="request"; filename="blob"', json, `application/json${type}`),
          formHeaders,
        ),
        await post('/v1/batches', form('name="items"; filename="a.jsonl"', json, `text/plain${type}`), formHeaders),
      ];
      for (const answer of answers)
        expect(answer).toMatchObject({ status: 415, detail: expect.stringContaining('UTF-8') as string });
    },
  );

  test('is refused where a header says two charsets, or a part two names', async () => {
    const twice = '; charset=utf-8; charset=latin1';
    const json = '{"prompt": "x"}';
    const answers = [
      await post('/v1/generations', json, { 'content-type': `application/json${twice}` }),
      await post('/v1/generations', form('name="prompt"', 'x', `text/plain${twice}`), formHeaders),
      await post('/v1/generations', form('name="prompt"; name="negative_prompt"', 'x'), formHeaders),
      await post('/v1/generations', form('name="prompt"', 'x', 'text/plain\r\nContent-Type: image/png'), formHeaders),
      await post('/v1/generations', form('name="prompt"', 'x'), {
        'content-type': `${formHeaders['content-type']}; boundary=other`,
      }),
    ];
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 400, detail: expect.stringContaining('twice') as string });
  });

  test.each(['utf-8', 'UTF8', '"utf-8"'])('is not what says that it is %s', async (charset) => {
    const { status } = await post('/v1/generations', '{"prompt": "x"}', {
      'content-type': `application/json; charset=${charset}`,
    });
    expect(status).toBe(202);
  });
});

describe('Content-Encoding', () => {
  const json = Buffer.from('{"prompt": "x"}');
  test.each(['gzip', 'br', 'deflate', 'identity, gzip', 'x-unknown'])(
    '%s is refused on every route',
    async (coding) => {
      const headers = { 'content-encoding': coding };
      const answers = [
        await post('/v1/generations', gzipSync(json), { ...headers, 'content-type': 'application/json' }),
        await post('/v1/batches', gzipSync(json), { ...headers, 'content-type': 'application/jsonl' }),
        await post('/v1/uploads', picture, { ...headers, 'content-type': 'image/png' }),
        await post('/v1/generations', form('name="prompt"', 'x'), { ...headers, ...formHeaders }),
        await post('/v1/keys', '{"name": "x"}', { ...headers, 'content-type': 'application/json' }),
      ];
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 415, code: 'unsupported_media_type', field: 'Content-Encoding' });
        expect(answer.detail).toContain(coding.split(', ').at(-1)!);
      }
    },
  );

  test.each([
    'Content-Transfer-Encoding: base64',
    'content-transfer-encoding: Quoted-Printable',
    'Content-Encoding: gzip',
  ])('of a part, "%s", is refused', async (header) => {
    const type = `text/plain\r\n${header}`;
    const answers = [
      await post('/v1/generations', form('name="prompt"', 'eA==', type), formHeaders),
      await post('/v1/generations', form('name="request"; filename="blob"', json, type), formHeaders),
      await post('/v1/uploads', form('name="file"; filename="a.png"', picture, type), formHeaders),
    ];
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 415, detail: expect.stringContaining('as it is') as string });
  });

  test.each(['8bit', '7BIT', 'binary'])('of a part is none where it is %s', async (coding) => {
    const type = `text/plain\r\nContent-Transfer-Encoding: ${coding}`;
    expect((await post('/v1/generations', form('name="prompt"', 'x', type), formHeaders)).status).toBe(202);
  });

  test('identity is none', async () => {
    const headers = { 'content-encoding': 'identity', 'content-type': 'application/json' };
    expect((await post('/v1/generations', json, headers)).status).toBe(202);
  });
});

test.each(['image/png', 'image/jpeg', 'IMAGE/PNG', 'application/octet-stream'])(
  'a part of type %s is a file also without a file name',
  async (type) => {
    expect((await post('/v1/uploads', form('name="file"', picture, type), formHeaders)).status).toBe(201);
  },
);

describe('the time that a text takes', () => {
  /** Milliseconds of the processor for one request that is refused. */
  async function cost(send: () => Promise<Answer>): Promise<number> {
    const before = process.cpuUsage();
    expect((await send()).status).toBeGreaterThanOrEqual(400);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  }
  const image = (data: string): string =>
    JSON.stringify({ prompt: 'x', controls: [{ type: 'canny', image: { data } }] });
  const json = { 'content-type': 'application/json' };
  const lines = { 'content-type': 'application/jsonl' };

  test.each<[string, () => Promise<Answer>]>([
    ['padding of base64', async () => await post('/v1/generations', image(`${'='.repeat(60_000)}A`), json)],
    ['white space in base64', async () => await post('/v1/generations', image(`${' \n'.repeat(500_000)}*`), json)],
    [
      'the header of a data: URL',
      async () => await post('/v1/generations', image(`data:${';base64'.repeat(100_000)}x,A`), json),
    ],
    [
      'digits of a form',
      async () =>
        await post('/v1/generations', form('name="steps"', `${'1'.repeat(60_000)}x`, '', ['prompt']), formHeaders),
    ],
    ['empty lines', async () => await post('/v1/batches', '\n'.repeat(1_000_000), lines)],
    ['empty lines with white space', async () => await post('/v1/batches', ' \r\n'.repeat(300_000), lines)],
    [
      'a name that nobody knows',
      async () => await post('/v1/generations', `{"${'n'.repeat(4000)}": 1, "prompt": "x"}`, json),
    ],
    [
      'a signing secret',
      async () =>
        await post(
          '/v1/generations',
          JSON.stringify({
            prompt: 'x',
            webhook: { url: 'https://example.com', secret: `whsec_${'A'.repeat(1_000_000)}` },
          }),
          json,
        ),
    ],
  ])('of %s is at most a second of the processor', async (_, send) => {
    expect(await cost(send)).toBeLessThan(1000);
  });

  test('of a line that arrives in small pieces grows with its bytes', async () => {
    async function* pieces(count: number): AsyncGenerator<Uint8Array> {
      for (let index = 0; index < count; index += 1) yield Buffer.alloc(64, 'x');
    }
    const read = async (count: number): Promise<void> => {
      for await (const line of linesOf(pieces(count), defaultServerLimits)) expect(line.bytes).toHaveLength(count * 64);
    };
    expect(await growth(read, 5_000)).toBeLessThan(2.5);
  });
});
