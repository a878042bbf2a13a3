import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { keyRequest } from '../../src/access/key-request.ts';
import { batchList, batchMatrix } from '../../src/generation/batch-request.ts';
import { limits } from '../../src/generation/request/limits.ts';
import { controlRequest } from '../../src/generation/request/controls.ts';
import { generationRequest } from '../../src/generation/request/generation.ts';
import { loraRequest } from '../../src/generation/request/loras.ts';
import { trainingJobRequest } from '../../src/generation/request/training-job.ts';
import { upscaleRequest } from '../../src/generation/request/upscale.ts';
import { signedUrlRequest } from '../../src/server/routes/signed-urls.ts';

/** What is read of JSON Schema here. */
interface Field {
  readonly $ref?: string;
  readonly anyOf?: readonly Field[];
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Field;
  readonly properties?: Readonly<Record<string, Field>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly $defs?: Readonly<Record<string, Field>>;
}

type Fields = Readonly<Record<string, Field>>;

interface DocumentedField {
  readonly type: string;
  readonly byDefault: string;
}

const text = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
const head = '| field | type | default |\n| --- | --- | --- |\n';
const tables = text
  .split(head)
  .slice(1)
  .map((block) => fieldsOf(block.split('\n\n')[0]!.trim()));

/** The fields of a table by name: a row of several has their defaults in the same order, or one for all. */
function fieldsOf(table: string): ReadonlyMap<string, DocumentedField> {
  const cells = table.split('\n').map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
  return new Map(
    cells.flatMap(([, field = '', type = '', byDefault = '']) => {
      const names = [...field.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
      const defaults = names.length === 1 ? [byDefault] : byDefault.split(', ');
      return names.map((name, index) => [name, { type, byDefault: defaults[index] ?? byDefault }] as const);
    }),
  );
}

/** What the row of a field has to say besides its words: ranges, choices, lengths, and names of what is inside it. */
function statements(field: Field, defs: Readonly<Record<string, Field>>, beside: Fields = {}): readonly RegExp[] {
  const { $ref, anyOf = [], type, minimum, maximum, multipleOf, maxLength, minItems, maxItems, properties } = field;
  if ($ref !== undefined) return statements(defs[$ref.split('/').at(-1)!]!, defs, beside);
  const options = anyOf.some((one) => one.type === 'null')
    ? anyOf.flatMap((one) => (one.type === 'null' ? [/\bnull\b/] : statements(one, defs)))
    : [];
  const inner = Object.entries(properties ?? {});
  return [
    ...options,
    // What is as large as a number may be has no range.
    ...(maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER
      ? []
      : [new RegExp(`(?<![\\w.-])${minimum} to ${maximum}\\b`)]),
    ...(multipleOf === undefined ? [] : [new RegExp(`\\bmultiples of ${multipleOf}\\b`)]),
    // Ids are as long as anybody's.
    ...(maxLength === undefined || maxLength === limits.idLength ? [] : [new RegExp(`\\b${maxLength} characters\\b`)]),
    ...(maxItems === undefined
      ? []
      : [new RegExp(minItems === undefined ? `up to ${maxItems}\\b` : `${lengthOf(minItems, maxItems)}\\b`)]),
    ...(field.enum ?? []).map((choice) => new RegExp(`\\b${choice}\\b`)),
    ...(type === 'array' && field.items !== undefined && (field.items.enum ?? field.items.maximum) !== undefined
      ? statements(field.items, defs)
      : []),
    ...inner.flatMap(([name, value]) => [
      new RegExp(`\\b${name}\\b`),
      // Choices and ranges; the other words of what is inside are in its own section, and a row of its own has the choices of a field outside.
      ...((value.enum === undefined && value.maximum === undefined) || isListedOf(beside[name], value)
        ? []
        : statements(value, defs)),
    ]),
  ];
}

/** Whether a field outside of that name has the same choices. */
function isListedOf(outside: Field | undefined, { enum: choices }: Field): boolean {
  return choices !== undefined && choices.join() === outside?.enum?.join();
}

/** Of lists of one length, that. */
function lengthOf(least: number, most: number): string {
  return least === most ? `${most} numbers` : `${least} to ${most}`;
}

const requests: readonly (readonly [string, readonly z.ZodType[]])[] = [
  ['a generation', [generationRequest]],
  ['a control', [controlRequest]],
  ['a LoRA', [loraRequest]],
  ['signed addresses', [signedUrlRequest]],
  ['a batch', [batchList, batchMatrix]],
  ['an upscale', [upscaleRequest]],
  ['a training', [trainingJobRequest]],
  ['an API key', [keyRequest]],
];

test('docs/api.md has a table for each of these requests, in this order', () => {
  expect(tables).toHaveLength(requests.length);
});

describe.each(requests.map(([name, variants], index) => [name, variants, tables[index]!] as const))(
  'the table in docs/api.md of the fields of %s',
  (_, variants, table) => {
    const whole = variants.map((schema) => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Field);
    // A schema with an id stands among the definitions.
    const schemas = whole.map((schema) => ({ ...schema, ...schema.$defs?.[schema.$ref?.split('/').at(-1) ?? ''] }));
    const fields = Object.entries(Object.assign({}, ...schemas.map(({ properties }) => properties)) as Fields);
    const defs = Object.assign({}, ...schemas.map(({ $defs }) => $defs)) as Fields;
    const required = schemas.flatMap((schema) => schema.required ?? []);

    test('has a row for each and no other', () => {
      // What a batch is made of may be said in two ways, in one row.
      const names = fields.map(([name]) => name).filter((name) => !['template', 'matrix'].includes(name));
      expect([...table.keys()].toSorted()).toEqual(names.toSorted());
    });

    test('says what each may be, as the schema does', () => {
      for (const [name, field] of fields) {
        const { type } = table.get(name) ?? table.get('items')!;
        for (const statement of statements(field, defs, Object.fromEntries(fields)))
          expect(type, name).toMatch(statement);
        const choices = field.enum ?? [];
        const listed = type.split(': ')[0]!;
        if (choices.length > 0) expect([...listed.matchAll(/`([^`]+)`/g)].map(([, value]) => value)).toEqual(choices);
      }
    });

    test('says what each is where it is left out, as the schema does', () => {
      for (const [name, field] of fields) {
        const { byDefault } = table.get(name) ?? table.get('items')!;
        expect(byDefault === 'required', name).toBe(required.includes(name));
        if (isPlain(field.default)) expect(withoutMarks(byDefault), name).toBe(plain(field.default));
      }
    });
  },
);

/** Defaults that are a value and no object or empty list, which are told in words. */
function isPlain(value: unknown): boolean {
  return (
    value !== undefined && (value === null || typeof value !== 'object' || (Array.isArray(value) && value.length > 0))
  );
}

function plain(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value).replaceAll(',', ', ');
}

function withoutMarks(cell: string): string {
  return cell.replaceAll('`', '');
}
