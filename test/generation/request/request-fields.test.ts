import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { commandFields } from '../../../src/cli/controls/command-fields.ts';
import { ArmatureError } from '../../../src/errors.ts';
import { fieldOptions, namesOf, noted, refuseFields } from '../../../src/generation/request/request-fields.ts';

const picture = noted(
  z.union([z.strictObject({ data: z.string() }), z.strictObject({ url: z.string(), part: z.string() })]),
  { foreign: new Map([['src', 'it is url here']]) },
);
const secret = noted(z.strictObject({ key: z.string().optional() }), {
  check(value, path) {
    if (Reflect.get(Object(value), 'key') === 'bad') throw new RangeError(`checked ${path.join('.')}`);
  },
});
const whole = noted(z.strictObject({ size: z.number() }), {
  checkAll: (_value, path) => {
    throw new RangeError(`by itself ${path.join('.')}`);
  },
});
/** As request.ts writes one: every field once. */
const schema = z.strictObject({
  steps: z.int().optional().register(fieldOptions, { flag: '-s, --steps <number>', says: 'how many' }),
  rows: z
    .array(z.strictObject({ image: picture.describe('A picture').optional() }))
    .max(2)
    .default([]),
  hook: secret.optional().describe('Somebody'),
  encoding: z
    .strictObject({
      colour: z.string().optional().register(fieldOptions, { flag: '--colour <name>', says: 'of it' }),
    })
    .prefault({}),
  data: z.record(z.string(), z.unknown()).optional(),
  whole: whole.nullable().default(null),
});

function refusal(value: unknown): ArmatureError {
  try {
    refuseFields(schema, value);
  } catch (error) {
    if (error instanceof ArmatureError) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

describe('fields that a schema does not have', () => {
  it.each([
    [{ stebs: 1 }, 'invalid_request', 'stebs', 'There is no field stebs. Did you mean steps?'],
    [{ rows: [{}, { imag: 1 }] }, 'invalid_request', 'rows[1].imag', 'Did you mean rows[1].image?'],
    [{ rows: [{ image: { ulr: 'x' } }] }, 'invalid_request', 'rows[0].image.ulr', 'Did you mean rows[0].image.url?'],
    [{ rows: [{ image: { SRC: 'x' } }] }, 'invalid_request', 'rows[0].image.SRC', 'it is url here'],
    [{ encoding: { color: 'x' } }, 'invalid_request', 'encoding.color', 'Did you mean encoding.colour?'],
    [{ hook: { keys: 'bad' } }, 'invalid_request', 'hook.keys', 'Did you mean hook.key?'],
  ])('are refused wherever they stand: %j', (value, code, field, detail) => {
    const error = refusal(value);
    expect(error).toMatchObject({ code, field });
    expect(error.message).toContain(detail);
  });

  it.each([
    [{ hook: { key: 'bad' } }, 'checked hook'],
    [{ whole: { other: 1 } }, 'by itself whole'],
  ])('are followed by what is checked besides: %j', (value, message) =>
    expect(() => refuseFields(schema, value)).toThrow(message),
  );

  it.each([[{}], [{ rows: 'x', encoding: 3, data: { any: { thing: 1 } } }], ['x'], [null], [[{ stebs: 1 }]]])(
    'are none where the schema has the say: %j',
    (value) => expect(() => refuseFields(schema, value)).not.toThrow(),
  );

  it('are looked for in a hundred thousand entries with one look at the schema', () => {
    const entry = z.strictObject({ size: z.number() });
    const { shape } = entry;
    let looks = 0;
    Object.defineProperty(entry, 'shape', { get: () => ((looks += 1), shape) });
    refuseFields(
      z.array(entry),
      Array.from({ length: 100_000 }, () => ({ size: 1 })),
    );
    expect(looks).toBe(1);
  });

  it('are told by the names of all choices, in their order', () => {
    expect(namesOf(picture).known).toEqual(['data', 'url', 'part']);
    expect(namesOf(schema)).toEqual({ known: ['steps', 'rows', 'hook', 'encoding', 'data', 'whole'] });
  });
});

describe('fields that are options of the command line', () => {
  it('are found where they are written, numbers as numbers', () => {
    const [steps, colour, ...others] = commandFields(schema);
    expect(others).toEqual([]);
    expect(steps).toMatchObject({
      path: ['steps'],
      option: { flags: '-s, --steps <number>', description: 'how many' },
    });
    expect(colour).toMatchObject({ path: ['encoding', 'colour'], option: { flags: '--colour <name>' } });
    expect(steps?.option.parseArg?.('12', undefined)).toBe(12);
    expect(steps?.option.parseArg?.('many', undefined)).toBe('many');
    expect(colour?.option.parseArg).toBeUndefined();
  });

  it('are true or false where a field takes that beside words', () => {
    const repeats = z.union([z.boolean(), z.enum(['x'])]).default(false);
    const fields = z.strictObject({ repeats: repeats.register(fieldOptions, { flag: '--repeats <axes>', says: '' }) });
    const [option] = commandFields(fields).map((field) => field.option);
    expect(['true', 'false', 'x', 'maybe'].map((text) => option?.parseArg?.(text, undefined))).toEqual([
      true,
      false,
      'x',
      'maybe',
    ]);
  });
});
