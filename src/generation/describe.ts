import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** In place of the registry that gives schemas their names: one with a name would become a reference. */
const unnamed = z.registry<Record<string, unknown>>();

/**
 * What a schema accepts at `path`, as words that fit behind "Expected x to be": "a whole number from 1 to 150". Null where
 * the path leads nowhere.
 */
export function describeAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string | null {
  const target = schemaAt(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', metadata: unnamed }), path);
  return target === null ? null : describe(target);
}

/** Names that an object at `path` may have. */
export function namesAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  const target = schemaAt(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', metadata: unnamed }), path);
  return Object.keys(target?.properties ?? {});
}

function schemaAt(schema: JsonSchema, path: readonly PropertyKey[]): JsonSchema | null {
  const [key, ...rest] = path;
  if (key === undefined) return schema;
  for (const option of schema.anyOf ?? []) {
    const found = schemaAt(asObject(option), path);
    if (found !== null) return found;
  }
  const inner =
    typeof key === 'number' ? schema.items : (schema.properties?.[String(key)] ?? schema.additionalProperties);
  return inner === undefined || Array.isArray(inner) ? null : schemaAt(asObject(inner), rest);
}

function describe(schema: JsonSchema): string {
  if (schema.anyOf !== undefined) {
    return [...new Set(schema.anyOf.map((option) => describe(asObject(option))))].join(' or ');
  }
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === undefined) return 'another value';
  return Array.isArray(schema.type) ? schema.type.join(' or ') : descriptions[schema.type](schema);
}

type TypeName = Exclude<JsonSchema['type'], undefined | readonly unknown[]>;

const descriptions: Readonly<Record<TypeName, (schema: JsonSchema) => string>> = {
  integer: (schema) => `a whole number${range(schema)}`,
  number: (schema) => `a number${range(schema)}`,
  string: ({ minLength = 0, maxLength }) => {
    const least = minLength === 0 ? 'at most' : `${minLength} to`;
    return maxLength === undefined ? 'text' : `text of ${least} ${maxLength} characters`;
  },
  boolean: () => 'true or false',
  null: () => 'null',
  array: ({ minItems = 0, maxItems }) => {
    const least = minItems === 0 ? '' : ` of at least ${minItems} ${minItems === 1 ? 'entry' : 'entries'}`;
    return maxItems === undefined ? `an array${least}` : `an array of at most ${maxItems} entries`;
  },
  object: ({ properties = {} }) => {
    const names = Object.keys(properties);
    if (names.length === 0 || names.length > 2) return 'a JSON object';
    return `{${names.map((name) => `"${name}": ...`).join(', ')}}`;
  },
};

function range({ minimum, maximum, multipleOf }: JsonSchema): string {
  // A schema of integers bounds them by what a double can hold, which tells a user nothing.
  const least = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const most = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const multiple = multipleOf === undefined ? '' : ` that is a multiple of ${multipleOf}`;
  return bounds(least, most) + multiple;
}

function bounds(least: number | undefined, most: number | undefined): string {
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`;
  if (least !== undefined) return ` of at least ${least}`;
  return most === undefined ? '' : ` of at most ${most}`;
}

/** `true` and `false` are schemas too: of anything and of nothing. */
function asObject(schema: JsonSchema | boolean): JsonSchema {
  return typeof schema === 'boolean' ? {} : schema;
}
