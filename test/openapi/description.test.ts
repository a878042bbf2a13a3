import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Application, openApplication } from '../server/application.ts';
import { root } from '../support/service.ts';

type Json = { readonly [name: string]: Json };

let application: Application;
let text: string;
let description: Json;
let schemas: Json;

beforeAll(async () => {
  application = await openApplication();
  text = (await application.app.inject('/openapi.json')).body;
  description = JSON.parse(text) as Json;
  schemas = description['components']!['schemas']!;
});
afterAll(async () => await application.close());

/** Every object in a tree of JSON. */
function* walk(node: unknown): Generator<Json> {
  if (typeof node !== 'object' || node === null) return;
  yield node as Json;
  for (const inner of Object.values(node)) yield* walk(inner);
}

function operations(): readonly Json[] {
  return Object.values(description['paths']!).flatMap((path) => Object.values(path));
}

const reference = (name: string): object => ({ $ref: `#/components/schemas/${name}` });

describe('the description of the API', () => {
  test('has nothing that redocly has a word to say about', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'armature-lint-'));
    try {
      const file = join(folder, 'openapi.json');
      await writeFile(file, text);
      const lint = [fileURLToPath(new URL('node_modules/@redocly/cli/bin/cli.js', root)), 'lint', file];
      const config = ['--config', fileURLToPath(new URL('redocly.yaml', root)), '--format', 'json'];
      const environment = { ...process.env, REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', REDOCLY_TELEMETRY: 'off' };
      const run = promisify(execFile)(process.execPath, [...lint, ...config], { env: environment });
      // Problems end it with 1; what they are stands on its standard output.
      const { stdout } = await run.catch((error: { readonly stdout: string }) => error);
      const { totals, problems } = JSON.parse(stdout) as { totals: object; problems: readonly unknown[] };
      expect({ totals, problems }).toEqual({ totals: { errors: 0, warnings: 0, ignored: 0 }, problems: [] });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('can stand in the comments of a client: no text ends one', () => {
    const texts = [...walk(description)].flatMap((node) => [node['description'], node['summary']]);
    expect(texts.length).toBeGreaterThan(100);
    expect(texts.filter((one) => typeof one === 'string' && (one as string).includes('*/'))).toEqual([]);
  });

  test('names what people speak of, each once', () => {
    expect(Object.keys(schemas)).toEqual(
      expect.arrayContaining([
        'GenerationRequest',
        'Control',
        'Image',
        'Pose',
        'Layout',
        'ExtractionRequest',
        'BatchRequest',
        'Webhook',
        'Job',
        'Batch',
        'Upload',
        'Model',
        'ControlNet',
        'Condition',
        'Problem',
        'ApiKey',
        'Readiness',
      ]),
    );
    expect(Object.keys(schemas).filter((name) => name.endsWith('Input'))).toEqual([]);
    const bodies = Object.values(schemas).map((schema) => JSON.stringify(schema));
    expect(bodies.filter((body, index) => bodies.indexOf(body) !== index)).toEqual([]);
    expect(schemas['Control']!['properties']!['image']).toEqual(reference('ControlImage'));
    expect(schemas['GenerationRequest']!['properties']!['controls']).toMatchObject({ items: reference('Control') });
    expect(schemas['ControlImage']!['oneOf']).toContainEqual(reference('LayoutImage'));
  });

  test('is short, for what it says', () => {
    // A request for a training is shown twice: as it is sent, and as it was resolved.
    expect(text.length).toBeLessThan(195_000);
  });

  test('has no schema that generators cannot read: none is true or false, and tuples are arrays', () => {
    const parts = [...walk(description)];
    expect(parts.filter((part) => 'prefixItems' in part || typeof part['items'] === 'boolean')).toEqual([]);
    expect(schemas['LayoutRegion']!['properties']!['polygon']).toMatchObject({
      minItems: 3,
      items: { type: 'array', minItems: 2, maxItems: 2, items: { type: 'number', minimum: 0, maximum: 1 } },
    });
  });

  test('says where the server is', async () => {
    expect(description['servers']).toMatchObject([{ url: '/' }]);
    const publicUrl = 'https://draw.example.com/armature';
    const { settings } = application.parts;
    const app = await application.rebuild({ settings: { ...settings, publicUrl } });
    expect((await app.inject('/openapi.json')).json()).toMatchObject({ servers: [{ url: publicUrl }] });
  });

  test('explains every operation and every tag', () => {
    for (const operation of operations()) {
      expect(operation).toMatchObject({
        operationId: expect.stringMatching(/^[a-z][A-Za-z]+$/),
        summary: expect.stringMatching(/^[A-Z].{5,}[^.]$/),
        description: expect.stringMatching(/^[A-Z].{15,}\.$/s),
        tags: [expect.any(String)],
      });
    }
    const tags = description['tags'] as unknown as readonly { readonly name: string; readonly description: string }[];
    const used = new Set(operations().map((operation) => (operation['tags'] as unknown as readonly string[])[0]));
    expect(new Set(tags.map(({ name }) => name))).toEqual(used);
    for (const tag of tags) expect(tag.description).toMatch(/^[A-Z].{10,}/);
  });

  test('gives each media type of an answer its own schema', () => {
    const file = { type: 'string', format: 'binary' };
    const content = (status: string): unknown =>
      description['paths']!['/v1/generations']!['post']!['responses']![status]!['content'];
    expect(content('200')).toEqual({
      'application/json': { schema: reference('Job') },
      'image/png': { schema: file },
      'image/jpeg': { schema: file },
      'image/webp': { schema: file },
    });
    expect(content('202')).toEqual({ 'application/json': { schema: reference('Job') } });
  });
});
