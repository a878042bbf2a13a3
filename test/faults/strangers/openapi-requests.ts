import type { Random } from './random.ts';
import { oddValue, type Schema, valueOf, type ValueSource } from './schema-values.ts';

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

export interface Operation {
  readonly operationId?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  readonly schema: Schema;
  readonly required?: boolean;
}

export interface FuzzedRequest {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

/** What requests may refer to: it grows with what the server answers. */
export interface KnownThings {
  readonly ids: string[];
  readonly pictures: readonly Uint8Array[];
}

const boundary = 'fuzzed-boundary';
const conditionTypes = ['canny', 'depth', 'tile'];
/** Parts of forms that are files. */
const fileParts = /^(file|image|photo|mask|canny|depth|softedge|scribble|tile|\w+_map|\w+_mask)$/;
const headerValues: Readonly<Record<string, readonly string[]>> = {
  prefer: ['wait=0', 'wait=1', 'wait=-1', 'wait=1e9', 'wait', 'respond-async', ';;;', 'wait=0.2, handling=strict'],
  accept: ['*/*', 'image/png', 'image/webp;q=0', 'application/json', 'text/html', 'image/*;q=0.1, */*;q=abc', ''],
  range: [
    'bytes=0-10',
    'bytes=-5',
    'bytes=5-',
    'bytes=9-3',
    'bytes=0-0,5-9',
    'chunks=1-2',
    `bytes=0-${'9'.repeat(30)}`,
  ],
  'if-none-match': ['*', '"abc"', 'W/"abc"', ','],
  'if-range': ['"abc"', 'yesterday'],
  'idempotency-key': ['one', 'two', '"quoted"', '', 'x'.repeat(300), 'ключ'],
  'last-event-id': ['0', '1', '-1', '1e9', 'abc', ''],
  'x-forwarded-for': ['127.0.0.1', 'x'],
  'content-encoding': ['gzip', 'identity', 'br'],
  expect: ['100-continue', 'nonsense'],
  traceparent: ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '00-x', 'ff'],
};

/** One request to an operation of the description: half of them well-formed, the others somewhat wrong. */
export class RequestMaker {
  readonly #random: Random;
  readonly #known: KnownThings;
  readonly #operations: readonly (readonly [string, string, Operation])[];
  readonly #source: ValueSource;

  constructor(openapi: OpenApi, random: Random, known: KnownThings) {
    this.#random = random;
    this.#known = known;
    this.#operations = Object.entries(openapi.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [path, method.toUpperCase(), operation] as const),
    );
    this.#source = {
      random,
      wrong: 0,
      usual: usualValues(known.pictures),
      resolve: (reference) => openapi.components?.schemas?.[reference.split('/').at(-1) ?? ''] ?? {},
      known: this.#texts(),
    };
  }

  next(): FuzzedRequest {
    const random = this.#random;
    const [path, method, operation] = random.pick(this.#operations);
    const parameters = operation.parameters ?? [];
    const source = { ...this.#source, known: this.#texts(), wrong: random.chance(0.5) ? 0 : 0.05 };
    const valueFor = ({ schema }: Parameter): string => String(valueOf(schema, source));
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(this.#pathPart(name, path)));
    const queries = parameters.filter((one) => one.in === 'query' && random.chance(0.4));
    const query = queries.map((one) => `${one.name}=${encodeURIComponent(valueFor(one))}`);
    if (random.chance(0.03)) query.push(random.pick(['a=%E0%A4%A', 'limit=1&limit=2', '__proto__[x]=1', '%00=1']));
    const declared = parameters.filter((one) => one.in === 'header' && random.chance(0.3));
    const headers = Object.fromEntries(declared.map((one) => [one.name.toLowerCase(), headerText(valueFor(one))]));
    for (const [name, values] of Object.entries(headerValues)) {
      if (random.chance(0.06)) headers[name] = headerText(random.pick(values));
    }
    const { type, body } = this.#body(operation, source);
    if (type !== null) headers['content-type'] = type;
    return {
      operation: operation.operationId ?? path,
      method: random.chance(0.02) ? random.pick(['PUT', 'PATCH', 'OPTIONS', 'HEAD', 'DELETE', 'POST']) : method,
      path: query.length === 0 ? filled : `${filled}?${query.join('&')}`,
      headers,
      body,
    };
  }

  #pathPart(name: string, path: string): string {
    return name === 'type' && this.#random.chance(0.7) ? this.#random.pick(conditionTypes) : this.#id(path);
  }

  /** Mostly one that is known, and mostly of what the path is about: gen_ ... below generations. */
  #id(path: string): string {
    const random = this.#random;
    const own = this.#known.ids.filter((id) => path.includes(`/${id.slice(0, 3)}`));
    if (own.length > 0 && random.chance(0.5)) return random.pick(own);
    if (this.#known.ids.length > 0 && random.chance(0.6)) return random.pick(this.#known.ids);
    return random.pick([
      '0',
      '-1',
      'canny',
      'openpose',
      'gen_x',
      'gen_01939a3c-0000-7000-8000-000000000000',
      '../..',
      'a'.repeat(500),
      '\u0000',
      'null',
    ]);
  }

  #texts(): readonly string[] {
    const pictures = this.#known.pictures.map((bytes) => Buffer.from(bytes).toString('base64'));
    return [...this.#known.ids.slice(-20), ...pictures, 'canny', 'depth', 'seg', 'diorama', 'a red cube', 'photo'];
  }

  #body({ requestBody }: Operation, source: ValueSource): { type: string | null; body: Uint8Array | null } {
    const random = this.#random;
    if (requestBody === undefined && !random.chance(0.02)) return { type: null, body: null };
    const [type, { schema }] = random.pick(
      Object.entries(requestBody?.content ?? { 'application/json': { schema: {} } }),
    );
    const written = this.#write(type, schema, source);
    const body = random.chance(0.08) ? this.#damaged(written) : written;
    const sent =
      type === 'multipart/form-data' ? `${type}; boundary=${boundary}` : type.replace('image/*', 'image/png');
    return { type: random.chance(0.02) ? random.pick(['text/plain', 'application/xml', '', 'a/b; c']) : sent, body };
  }

  #write(type: string, schema: Schema, source: ValueSource): Uint8Array {
    const random = this.#random;
    if (type.startsWith('multipart/')) return this.#form(valueOf(schema, source));
    if (type.includes('jsonl') || type.includes('ndjson')) {
      const item = { $ref: '#/components/schemas/GenerationRequest' };
      const lines = Array.from({ length: random.integer(0, 4) }, () => JSON.stringify(valueOf(item, source)));
      return Buffer.from(lines.join('\n'));
    }
    if (type.includes('json')) return Buffer.from(JSON.stringify(valueOf(schema, source)) ?? 'null');
    return random.chance(0.7) ? random.pick(this.#known.pictures) : random.bytes(random.integer(0, 2000));
  }

  #form(fields: unknown): Uint8Array {
    const random = this.#random;
    const entries = Object.entries((typeof fields === 'object' ? fields : null) ?? {});
    const parts = entries.map(([name, value]) => {
      const file = fileParts.test(name) || random.chance(0.1);
      const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
      const body = file ? Buffer.from(random.pick(this.#known.pictures)) : Buffer.from(text);
      const filename = file ? `; filename="${random.pick(['a.png', '../x', '', 'é'])}"` : '';
      const head = `--${boundary}\r\ncontent-disposition: form-data; name="${name.replaceAll(/["\r\n]/g, '_')}"${filename}\r\n\r\n`;
      return Buffer.concat([Buffer.from(head), body, Buffer.from('\r\n')]);
    });
    return Buffer.concat([...parts, Buffer.from(random.chance(0.03) ? '' : `--${boundary}--\r\n`)]);
  }

  #damaged(body: Uint8Array): Uint8Array {
    const random = this.#random;
    const kind = random.integer(0, 3);
    if (kind === 0) return body.subarray(0, random.integer(0, body.length));
    if (kind === 1) return Buffer.from(JSON.stringify(oddValue(random)) ?? '');
    if (kind === 2) return Buffer.from('['.repeat(random.integer(1, 20_000)));
    const bytes = Uint8Array.from(body);
    for (let flips = random.integer(1, 8); flips > 0 && bytes.length > 0; flips -= 1) {
      bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
    }
    return bytes;
  }
}

/** What makes a request one that the server draws, and that it draws in no time. */
function usualValues(pictures: readonly Uint8Array[]): ValueSource['usual'] {
  const image = pictures.map((bytes) => ({ data: Buffer.from(bytes).toString('base64') }));
  const control = { type: 'canny', image: image[0] };
  return {
    model: ['diorama'],
    width: [64, 128],
    height: [64, 128],
    steps: [1, 2],
    count: [1, 2],
    type: conditionTypes,
    image,
    controls: [[], [control], [{ ...control, scale: 0.5 }]],
    template: [{ prompt: 'a red ball', steps: 1 }],
    matrix: [{ seed: [1, 2] }, { prompt: ['a', 'b'], 'controls[0].scale': [0.5, 1] }],
    webhook: [undefined],
    clip_skip: [1],
    eta: [0],
    items: [[{ prompt: 'a ball', steps: 1 }], [{ prompt: 'a' }, { prompt: 'b', controls: [control] }]],
    evaluate: [false],
    best_of: [1],
  };
}

/** As Node lets a header be sent: whatever else a request may hold, it has to get out. */
function headerText(value: string): string {
  return value.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?').slice(0, 6000);
}
