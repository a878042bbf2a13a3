import type { OpenApi } from './openapi-requests.ts';
import type { Schema } from './schema-values.ts';

/** Where a field may stand in the JSON of a request, and the text around its value: what else its objects need is there and right. */
export interface FieldPlace {
  readonly name: string;
  /** `hires.prompt`, `controls[].image.data`. */
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** Objects inside one another that are gone into. */
const deepest = 4;
/** Those that stand for files by their numbers: there are as many as one likes. */
const numbered = /_(?:map|mask)$/;
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
/** What their schemas do not tell of values that mean something. */
const usual: Readonly<Record<string, unknown>> = {
  prompt: 'x',
  data: pixel,
  type: 'canny',
  generation: 'gen_x',
  model: 'diorama',
};

/** The fields of a body, each at every place where it may stand. */
export function fieldsOf(body: Schema, openapi: OpenApi): readonly FieldPlace[] {
  const found = new Map<string, FieldPlace>();
  const visit = (given: Schema, path: string, before: string, after: string, depth: number): void => {
    const schema = resolved(given, openapi);
    for (const inner of choicesOf(schema)) visit(inner, path, before, after, depth);
    if (schema.items !== undefined) visit(schema.items, `${path}[]`, `${before}[`, `]${after}`, depth);
    if (depth === deepest) return;
    for (const [name, inner] of Object.entries(schema.properties ?? {})) {
      if (numbered.test(name) && path === '') continue;
      const place = path === '' ? name : `${path}.${name}`;
      const others = JSON.stringify(leastObject(schema, openapi, name)).slice(0, -1);
      const start = `${before}${others}${others === '{' ? '' : ','}${JSON.stringify(name)}:`;
      const end = `}${after}`;
      if (!found.has(place)) found.set(place, { name, path: place, before: start, after: end });
      visit(inner, place, start, end, depth + 1);
    }
  };
  visit(body, '', '', '', 0);
  return [...found.values()];
}

function resolved(schema: Schema, openapi: OpenApi): Schema {
  const { $ref } = schema;
  return $ref === undefined ? schema : (openapi.components?.schemas?.[$ref.split('/').at(-1) ?? ''] ?? {});
}

function choicesOf({ anyOf = [], oneOf = [], allOf = [] }: Schema): readonly Schema[] {
  return [...anyOf, ...oneOf, ...allOf];
}

/** What an object has to have, without one of its fields. */
function leastObject({ properties = {}, required = [] }: Schema, openapi: OpenApi, without: string | null): object {
  const names = required.filter((name) => name !== without);
  return Object.fromEntries(names.map((name) => [name, usual[name] ?? leastValue(properties[name] ?? {}, openapi)]));
}

/** A small value that a schema allows, as far as it tells. */
function leastValue(given: Schema, openapi: OpenApi): unknown {
  const schema = resolved(given, openapi);
  const choices = choicesOf(schema);
  // Of the ways to give a picture the one that needs nothing else.
  const choice = choices.find((one) => resolved(one, openapi).required?.includes('data') === true) ?? choices[0];
  if (choice !== undefined) return leastValue(choice, openapi);
  if ('const' in schema) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const [type] = [schema.type ?? 'string'].flat();
  if (type === 'object') return leastObject(schema, openapi, null);
  if (type === 'array')
    return Array.from({ length: schema.minItems ?? 0 }, () => leastValue(schema.items ?? {}, openapi));
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1;
  return type === 'boolean' ? true : 'x';
}
