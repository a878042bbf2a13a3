import type { Random } from './random.ts';

/** What is used of JSON Schema, as openapi.json writes it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: string;
}

export interface ValueSource {
  readonly random: Random;
  /** `#/components/schemas/X` -> schema. */
  readonly resolve: (reference: string) => Schema;
  /** Values that mean something to the server: ids that exist, pictures, names. Taken now and then for a text. */
  readonly known: readonly string[];
  /** What a sane client sends in fields of these names; taken where nothing is wrong. */
  readonly usual: Readonly<Record<string, readonly unknown[]>>;
  /** Share of values that are not what their schema says. */
  readonly wrong: number;
}

const oddTexts = [
  '',
  ' ',
  '\u0000',
  '../../etc/passwd',
  '%00',
  '🎨'.repeat(50),
  'a'.repeat(5000),
  "' or 1=1 --",
  '{{7*7}}',
];
const oddNumbers = [0, -1, -0, 0.5, 1e308, -1e308, 2 ** 31, 2 ** 53, 4294967296];
const oddValues: readonly unknown[] = [
  null,
  true,
  false,
  [],
  {},
  [[]],
  { a: { b: {} } },
  [null],
  JSON.parse('{"__proto__": 1}'),
];

/** A value by a schema, most of the time; else whatever comes to mind. */
export function valueOf(schema: Schema, source: ValueSource, depth = 0): unknown {
  const { random } = source;
  if (depth > 8) return null;
  if (random.chance(source.wrong)) return oddValue(random);
  if (schema.$ref !== undefined) return valueOf(source.resolve(schema.$ref), source, depth);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return valueOf(random.pick(choices), source, depth + 1);
  if (schema.allOf !== undefined) {
    return Object.assign({}, ...schema.allOf.map((part) => valueOf(part, source, depth + 1))) as unknown;
  }
  if (schema.enum !== undefined) return random.pick(schema.enum);
  if ('const' in schema) return schema.const;
  const type = typeof schema.type === 'string' ? schema.type : random.pick(schema.type ?? ['object', 'string']);
  return ofType(type, schema, source, depth);
}

function ofType(type: string, schema: Schema, source: ValueSource, depth: number): unknown {
  const { random } = source;
  switch (type) {
    case 'object':
      return objectOf(schema, source, depth);
    case 'array': {
      const { items = {}, minItems = 0, maxItems = 3 } = schema;
      const length = random.integer(minItems, Math.max(minItems, Math.min(maxItems, 3)));
      return Array.from({ length }, () => valueOf(items, source, depth + 1));
    }
    case 'integer':
      return Math.round(numberOf(schema, source));
    case 'number':
      return numberOf(schema, source);
    case 'boolean':
      return random.chance(0.5);
    case 'null':
      return null;
    default:
      return textOf(schema, source);
  }
}

function objectOf(
  { properties = {}, required = [], additionalProperties }: Schema,
  source: ValueSource,
  depth: number,
) {
  const { random } = source;
  const named = Object.entries(properties).filter(([name]) => required.includes(name) || random.chance(0.3));
  const object = named.map(([name, schema]) => {
    const usual = source.wrong === 0 && Object.hasOwn(source.usual, name) ? source.usual[name] : undefined;
    return [
      name,
      usual === undefined ? valueOf(schema, source, depth + 1) : usual[random.integer(0, usual.length - 1)],
    ];
  });
  if (random.chance(source.wrong)) object.push([random.pick(['__proto__', 'prompt ', 'constructor', 'Prompt', '']), 1]);
  if (typeof additionalProperties === 'object' && random.chance(0.5)) {
    object.push(['key', valueOf(additionalProperties, source, depth + 1)]);
  }
  return Object.fromEntries(object.filter(([, value]) => value !== undefined)) as unknown;
}

function numberOf(schema: Schema, { random, wrong }: ValueSource): number {
  if (random.chance(wrong)) return random.pick(oddNumbers);
  const least = schema.minimum ?? schema.exclusiveMinimum ?? 0;
  const most = schema.maximum ?? schema.exclusiveMaximum ?? least + 1000;
  const value = random.chance(0.2) ? random.pick([least, most]) : least + random.next() * (most - least);
  return schema.multipleOf === undefined ? value : Math.round(value / schema.multipleOf) * schema.multipleOf;
}

function textOf({ minLength = 0, maxLength = 40, format }: Schema, { random, known, wrong }: ValueSource): string {
  if (random.chance(wrong)) return random.pick(oddTexts);
  if (known.length > 0 && random.chance(0.5)) return random.pick(known);
  if (format === 'uri') return random.pick(['http://127.0.0.1/', 'https://example.com/a.png', 'file:///etc/passwd']);
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789 -_';
  const length = random.integer(minLength, Math.max(minLength, Math.min(maxLength, 40)));
  return Array.from({ length }, () => letters[random.integer(0, letters.length - 1)]).join('');
}

/** A value of any kind, most of them unwelcome. */
export function oddValue(random: Random): unknown {
  return random.pick<() => unknown>([
    () => random.pick(oddTexts),
    () => random.pick(oddNumbers),
    () => random.pick(oddValues),
  ])();
}
