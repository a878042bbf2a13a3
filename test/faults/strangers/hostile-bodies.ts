import { fieldsOf, type FieldPlace } from './field-places.ts';
import type { OpenApi } from './openapi-requests.ts';

/** A request whose headers and syntax are right and whose body costs as much as it can. */
export interface HostileBody {
  readonly route: string;
  /** What is hostile about it. */
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: () => Buffer;
}

const boundary = 'hostile';
const paths: Readonly<Record<string, string>> = {
  '{type}': 'canny',
  '{id}': 'gen_01939a3c-0000-7000-8000-000000000000',
};

/** Hostile bodies of about `bytes` for every operation of the description that takes one. */
export function hostileBodies(openapi: OpenApi, bytes: number): readonly HostileBody[] {
  return Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => {
      const content = Object.entries(operation.requestBody?.content ?? {});
      const filled = path.replaceAll(/\{\w+\}/g, (name) => paths[name] ?? '0');
      return content.flatMap(([type, { schema }]) =>
        ofType(type, fieldsOf(schema, openapi), bytes).map(([what, body, headers = {}]) => ({
          route: `${method.toUpperCase()} ${path}`,
          what: `${type}: ${what}`,
          method: method.toUpperCase(),
          path: filled,
          headers: { 'content-type': contentType(type), ...headers },
          body,
        })),
      );
    }),
  );
}

type Case = readonly [what: string, body: () => Buffer, headers?: Readonly<Record<string, string>>];

function ofType(type: string, fields: readonly FieldPlace[], bytes: number): readonly Case[] {
  if (type === 'multipart/form-data')
    return forms(
      fields.flatMap(({ name, path }) => (name === path ? [name] : [])),
      bytes,
    );
  if (/ndjson|jsonl/.test(type)) return lines(bytes);
  if (type.includes('json')) return objects(fields, bytes);
  return [['a picture that is none', () => Buffer.alloc(bytes, 'x')]];
}

function contentType(type: string): string {
  return type === 'multipart/form-data' ? `${type}; boundary=${boundary}` : type.replace('image/*', 'image/png');
}

/** `unit` again and again between two ends, as often as `bytes` hold. */
function filled(start: string, unit: string, end: string, bytes: number): Buffer {
  const count = Math.max(1, Math.floor((bytes - start.length - end.length) / Buffer.byteLength(unit)));
  return Buffer.from(start + unit.repeat(count) + end);
}

function counted(start: string, unit: (index: number) => string, end: string, bytes: number): Buffer {
  const pieces: string[] = [];
  for (let length = 0, index = 0; length < bytes; index += 1) {
    const piece = unit(index);
    pieces.push(piece);
    length += piece.length;
  }
  return Buffer.from(start + pieces.join('') + end);
}

/** JSON values that are large in one way or another. */
function values(bytes: number): readonly (readonly [string, () => Buffer])[] {
  return [
    ['numbers', () => filled('[', '1,', '1]', bytes)],
    ['pairs', () => filled('[', '[0.25,0.5],', '[1,1]]', bytes)],
    ['empty lists', () => filled('[', '[],', '[]]', bytes)],
    ['objects', () => filled('[', '{"type":"canny","image":{"data":""}},', '{}]', bytes)],
    ['names', () => counted('{', (index) => `"n${index}":1,`, '"z":1}', bytes)],
    ['indices', () => counted('{', (index) => `"${index * 7919}":1,`, '"z":1}', bytes)],
    ['long numbers', () => filled('[', `${'1234567890'.repeat(30)},`, '1]', bytes)],
    ['one long number', () => filled('', '1', '', bytes)],
    ['a text', () => filled('"', 'x', '"', bytes)],
    ['a text of wide characters', () => filled('"', '\u00e9\u732b', '"', bytes)],
    ['a text of escapes', () => filled('"', '\\u0041\\n', '"', bytes)],
    ['a name', () => filled('{"', 'n', '":1}', bytes)],
    ['white space', () => filled('', ' \n', '1', bytes)],
    ['depth', () => Buffer.from('['.repeat(bytes / 2) + ']'.repeat(bytes / 2))],
    ['lists of some depth', () => filled('[', `${'['.repeat(20)}${']'.repeat(20)},`, '1]', bytes)],
  ];
}

/** Fields that are there where a request has pictures, and what costs in them. */
function pictures(bytes: number): readonly (readonly [string, () => Buffer])[] {
  const inside = (start: string, value: Buffer, end: string): Buffer =>
    Buffer.concat([Buffer.from(start), value, Buffer.from(end)]);
  const image = (value: Buffer): Buffer => inside('{"prompt":"x","controls":[{"type":"seg","image":', value, '}]}');
  const corner = '[0.123,0.456],';
  const region = `{"class":"wall","polygon":[${corner.repeat(900)}[0,0]]},`;
  const last = '{"class":"wall","polygon":[[0,0],[0,1],[1,1]]}';
  const people = `{"pose_keypoints_2d":[${'0.5,0.5,1,'.repeat(17)}0.5,0.5,1]},`;
  return [
    ['padding of base64', () => image(filled('{"data":"', '=', 'A"}', bytes))],
    ['white space in base64', () => image(filled('{"data":"', ' ', 'A*"}', bytes))],
    ['base64', () => image(filled('{"data":"', 'AAAA', '"}', bytes))],
    ['a data: URL without a comma', () => image(filled('{"data":"data:', ';base64', '"}', bytes))],
    ['an id', () => image(filled('{"upload_id":"', 'u', '"}', bytes))],
    ['a job', () => image(filled('{"generation":"', 'g', '","output":0}', bytes))],
    ['a layout', () => image(filled('{"layout":{"regions":[', region, `${last}]}}`, Math.min(bytes, 250_000)))],
    ['a large layout', () => image(filled('{"layout":{"regions":[', region, `${last}]}}`, bytes))],
    [
      'a wrong layout',
      () => image(filled('{"layout":{"regions":[', '{"class":1,"polygon":[["a","b"]]},', '1]}}', bytes)),
    ],
    ['a pose', () => image(filled('{"pose":{"people":[', people, '{}]}}', Math.min(bytes, 250_000)))],
    ['a wrong pose', () => image(filled('{"pose":{"people":[', '{"pose_keypoints_2d":["a"]},', '{}]}}', bytes))],
    ['a mask that is none', () => image(filled('{"picture":{"data":"A"},"mask":[', '[{}],', '1]}', bytes))],
  ];
}

/** A request whose prompts are within their limits and take as long to read as they can. */
const dearRequest = ((): string => {
  const texts = `[${Array.from({ length: 60 }, (_, index) => `a${index}`).join('|')}]`;
  const prompt = `${`[${'|'.repeat(63)}]`.repeat(55)}${texts}${'(a:1.1)b'.repeat(30)}`;
  return JSON.stringify({ prompt, negative_prompt: prompt, steps: 150, scheduler: 'heun' });
})();

function objects(fields: readonly FieldPlace[], bytes: number): readonly Case[] {
  const whole = [...values(bytes), ...pictures(bytes)];
  const inFields = fields.flatMap(({ path, before, after }) =>
    values(bytes).map(([what, value]): Case => [
      `${path}: ${what}`,
      () => Buffer.concat([Buffer.from(before), value(), Buffer.from(after)]),
    ]),
  );
  const keyed = whole.map(([what, body]): Case => [`${what}, with a key`, body, { 'idempotency-key': `a ${what}` }]);
  const items: Case[] = [
    ['items', () => filled('[', '{"prompt":"x","steps":1},', '{"prompt":"x"}]', Math.min(bytes, 240_000))],
    ['a dear prompt', () => Buffer.from(dearRequest)],
    ['dear prompts', () => filled('[', `${dearRequest},`, `${dearRequest}]`, Math.min(bytes, 2_000_000))],
    ['wrong items', () => filled('[', '{"prompt":1},', '{}]', bytes)],
    ['a matrix', () => counted('{"template":{"prompt":"x"},"matrix":{"seed":[', (index) => `${index},`, '1]}}', bytes)],
    ['a path', () => filled('{"template":{"prompt":"x"},"matrix":{"a', '.a', '":[1]}}', Math.min(bytes, 4000))],
    [
      'a template',
      () =>
        filled(
          '{"matrix":{"seed":[1,2,3,4,5,6,7,8,9]},"template":{"prompt":"x","metadata":{"a":[',
          '1,',
          '1]}}}',
          bytes,
        ),
    ],
  ];
  return [...whole, ...inFields, ...keyed, ...items];
}

function lines(bytes: number): readonly Case[] {
  const cases: Case[] = [
    ['newlines', () => Buffer.alloc(bytes, '\n')],
    ['empty lines', () => filled('', ' \r\n', '', bytes)],
    ['one line', () => filled('{"prompt":"', 'x', '"}', bytes)],
    ['lines of numbers', () => filled('', '1\n', '', bytes)],
    ['small requests', () => filled('', '{"prompt":"x","steps":1}\n', '', Math.min(bytes, 240_000))],
    ['dear prompts', () => filled('', `${dearRequest}\n`, '', Math.min(bytes, 2_000_000))],
    ['depth', () => Buffer.from('['.repeat(bytes / 2) + ']'.repeat(bytes / 2))],
    ...[...values(bytes), ...pictures(bytes)].map(([what, body]): Case => [`a line of ${what}`, body]),
  ];
  return [
    ...cases,
    ...cases.map(([what, body]): Case => [`${what}, with a key`, body, { 'idempotency-key': `l ${what}` }]),
  ];
}

function forms(names: readonly string[], bytes: number): readonly Case[] {
  const part = (disposition: string, value: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n`),
      value,
      Buffer.from('\r\n'),
    ]);
  const end = Buffer.from(`--${boundary}--\r\n`);
  const field = (name: string, value: Buffer): Buffer => Buffer.concat([part(`name="${name}"`, value), end]);
  const file = (name: string, value: Buffer): Buffer =>
    Buffer.concat([part(`name="${name}"; filename="f"`, value), end]);
  return [
    [
      'parts',
      () =>
        Buffer.concat([counted('', (index) => part(`name="p${index}"`, Buffer.from('x')).toString(), '', bytes), end]),
    ],
    ['parts of one name', () => filled('', part('name="a"', Buffer.from('')).toString(), end.toString(), bytes)],
    ['a preamble', () => Buffer.concat([Buffer.alloc(bytes, '\r\n--hostil'), field('prompt', Buffer.from('x'))])],
    [
      'a header',
      () => Buffer.from(`--${boundary}\r\nX: ${'x; y="\\"'.repeat(bytes / 8)}\r\n\r\nx\r\n--${boundary}--\r\n`),
    ],
    ['a disposition', () => field(`a"; b="${'\\"'.repeat(bytes / 2)}`, Buffer.from('x'))],
    ['near boundaries', () => field('prompt', filled('', '\r\n--hostil', '', bytes))],
    ['a file', () => file('file', Buffer.alloc(bytes, 'x'))],
    ...names.map((name): Case => [`digits in ${name}`, () => field(name, filled('', '1', 'x', bytes))]),
    ...names.flatMap((name) =>
      values(bytes).map(([what, value]): Case => [`${name}: ${what}`, () => field(name, value())]),
    ),
    ...[...values(bytes), ...pictures(bytes)].flatMap(([what, value]): readonly Case[] => [
      [`request: ${what}`, () => field('request', value())],
      [`the file request: ${what}`, () => file('request', value())],
      [`the file items: ${what}`, () => file('items', value())],
    ]),
  ];
}
