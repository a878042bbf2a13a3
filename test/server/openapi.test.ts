import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { errorCodes } from '../../src/errors.ts';
import { fieldNames } from '../../src/generation/parse.ts';
import { type Application, openApplication } from './application.ts';

type Json = { readonly [name: string]: Json };

let application: Application;
let description: Json;

beforeAll(async () => {
  application = await openApplication();
  description = (await application.app.inject('/openapi.json')).json<Json>();
});
afterAll(async () => await application.close());

/** Every object in a tree of JSON. */
function* walk(node: unknown): Generator<Json> {
  if (typeof node !== 'object' || node === null) return;
  yield node as Json;
  for (const inner of Object.values(node)) yield* walk(inner);
}

function body(path: string, type: string): Json {
  return named(description['paths']![path]!['post']!['requestBody']!['content']![type]!['schema']!);
}

/** What a schema refers to, where it only refers. */
function named(schema: Json): Json {
  const reference: unknown = schema['$ref'];
  if (typeof reference !== 'string') return schema;
  return description['components']!['schemas']![reference.replace('#/components/schemas/', '')]!;
}

describe('openapi.json', () => {
  test('is OpenAPI 3.1 without a loose end', () => {
    expect(description['openapi']).toBe('3.1.0');
    const schemas = Object.keys(description['components']!['schemas']!);
    const references = [...walk(description)]
      .map((node): unknown => node['$ref'])
      .filter((it) => typeof it === 'string');
    expect(references.length).toBeGreaterThan(10);
    for (const reference of references) expect(schemas).toContain(reference.replace('#/components/schemas/', ''));
  });

  test('describes the very fields that requests may have', () => {
    const schema = body('/v1/generations', 'application/json');
    expect(Object.keys(schema['properties']!)).toEqual([...fieldNames.generation.known]);
    expect(schema['additionalProperties']).toBe(false);
    expect(schema['properties']!['steps']).toMatchObject({ type: 'integer', minimum: 1, maximum: 150 });
    expect(schema['properties']!['width']).toMatchObject({ minimum: 64, maximum: 2048, multipleOf: 8 });
    const control = named(schema['properties']!['controls']!['items']!);
    expect(Object.keys(control['properties']!)).toEqual([...fieldNames.control.known]);
  });

  test('describes forms and pictures as well', () => {
    const form = body('/v1/generations', 'multipart/form-data');
    expect(JSON.stringify(form)).toContain('"canny":{');
    expect(JSON.stringify(form)).toContain('"image_prompt":{');
    const { content } = description['paths']!['/v1/generations']!['post']!['responses']!['200']!;
    expect(Object.keys(content!)).toEqual(['application/json', 'image/png', 'image/jpeg', 'image/webp']);
  });

  test('has every error code', () => {
    expect(description['components']!['schemas']!['Problem']!['properties']!['code']).toMatchObject({
      enum: Object.keys(errorCodes),
    });
  });

  test('answers every operation with something, and names each once', () => {
    const operations = Object.values(description['paths']!).flatMap((path) => Object.values(path));
    const ids = operations.map((operation) => operation['operationId']);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).not.toContain(undefined);
    for (const operation of operations) expect(Object.keys(operation['responses']!).length).toBeGreaterThan(0);
  });

  test('and docs/api.md describe the same operations', () => {
    const text = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
    const documented = [...text.matchAll(/^### (GET|POST|PUT|DELETE) (\S+)$/gm)].map(
      ([, method, path]) => `${method} ${path}`,
    );
    const described = Object.entries(description['paths']!).flatMap(([path, operations]) =>
      Object.keys(operations)
        .filter((method) => method !== 'head')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.toSorted()).toEqual([...described, 'GET /openapi.json'].toSorted());
    for (const operation of documented) {
      const section = text.split(`### ${operation}\n`)[1]!.split('\n## ')[0]!.split('\n### ')[0]!;
      expect(section, operation).toContain('```sh\ncurl ');
    }
  });

  test('gives schemas that a client can make a validator of', () => {
    const text = JSON.stringify({
      ...body('/v1/generations', 'application/json'),
      $defs: description['components']!['schemas'],
    }).replaceAll('#/components/schemas/', '#/$defs/');
    const schema = z.fromJSONSchema(JSON.parse(text) as z.core.JSONSchema.JSONSchema);
    const layout = {
      regions: [
        {
          class: 'sky',
          polygon: [
            [0, 0],
            [1, 0],
            [1, 1],
          ],
        },
      ],
    };
    const control = { type: 'seg', image: { layout } };
    expect(schema.safeParse({ prompt: 'x', controls: [control] })).toMatchObject({ success: true });
    layout.regions[0]!.polygon[0]!.push(0);
    expect(schema.safeParse({ prompt: 'x', controls: [control] })).toMatchObject({ success: false });
  });
});
