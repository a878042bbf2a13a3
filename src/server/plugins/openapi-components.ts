import { z } from 'zod';
import { isObject } from '../../generation/request/field-names.ts';

/** The part of an OpenAPI document that this file is about; the rest passes through. */
interface Described {
  readonly paths?: unknown;
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

const prefix = '#/components/schemas/';
/** The type provider converts each named schema twice, as it is sent and as it is answered; this marks the first. */
const sent = 'Input';

/**
 * Leaves of the named schemas those that an operation refers to, each under one name.
 *
 * @throws Error where a schema that is both sent and answered reads differently in the two: it takes two names then.
 */
export function oneNameEach<Document extends Described>(document: Document): Document {
  const schemas = document.components?.schemas ?? {};
  const used = reachable(document.paths, schemas);
  const names = new Map([...used].map((name) => [name, nameOf(name, schemas)]));
  const named = [...used]
    .map((name) => [names.get(name)!, renamed(schemas[name], names)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [index, [name, schema]] of named.entries()) {
    const [next, other] = named[index + 1] ?? [];
    if (name === next && JSON.stringify(schema) !== JSON.stringify(other)) {
      throw new Error(`The schema ${name} is sent and answered in different forms: give each a name.`);
    }
  }
  return {
    ...document,
    paths: renamed(document.paths, names),
    components: { ...document.components, schemas: Object.fromEntries(named) },
  };
}

function nameOf(name: string, schemas: Readonly<Record<string, unknown>>): string {
  const answered = name.slice(0, -sent.length);
  return name.endsWith(sent) && answered in schemas ? answered : name;
}

/** Names of the schemas that `node` refers to, also through each other. */
function reachable(node: unknown, schemas: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (inner: unknown): void => {
    if (typeof inner !== 'object' || inner === null) return;
    const reference: unknown = '$ref' in inner ? inner.$ref : undefined;
    if (typeof reference === 'string' && reference.startsWith(prefix)) {
      const name = reference.slice(prefix.length);
      if (!found.has(name)) {
        found.add(name);
        visit(schemas[name]);
      }
    }
    Object.values(inner).forEach(visit);
  };
  visit(node);
  return found;
}

function renamed<Node>(node: Node, names: ReadonlyMap<string, string>): Node {
  if (Array.isArray(node)) return node.map((inner: unknown) => renamed(inner, names)) as Node;
  if (!isObject(node)) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      const name = key === '$ref' && typeof value === 'string' ? names.get(value.slice(prefix.length)) : undefined;
      return [key, name === undefined ? renamed(value, names) : prefix + name];
    }),
  ) as Node;
}

/** What a conversion of one zod schema gives, to be changed in place. */
interface Conversion {
  readonly zodSchema: z.core.$ZodType;
  readonly jsonSchema: Record<string, unknown>;
}

/** Writes schemas as generators of clients understand them; each form means what zod's own means. */
export function plainly({ zodSchema, jsonSchema }: Conversion): void {
  if (zodSchema instanceof z.ZodUnion) chooseOne(jsonSchema);
  if (zodSchema instanceof z.ZodTuple) asArray(jsonSchema);
  // How the type provider knows an answer without a body.
  if (zodSchema instanceof z.ZodUndefined) jsonSchema['type'] = 'null';
  // The bounds of what is a whole number at all.
  if (jsonSchema['minimum'] === Number.MIN_SAFE_INTEGER) delete jsonSchema['minimum'];
  if (jsonSchema['maximum'] === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum'];
}

/** Named objects exclude each other: none has the required fields of another. */
function chooseOne(schema: Record<string, unknown>): void {
  const choices = schema['anyOf'];
  if (!Array.isArray(choices) || !choices.every((choice) => isObject(choice) && '$ref' in choice)) return;
  delete schema['anyOf'];
  schema['oneOf'] = choices;
}

/** A tuple of one kind of members is an array of that length. Zod adds `items: false`, which few generators can read. */
function asArray(schema: Record<string, unknown>): void {
  const members: unknown = schema['prefixItems'];
  if (!Array.isArray(members)) return;
  const [first, ...others] = members.map((member) => JSON.stringify(member));
  if (first === undefined || others.some((other) => other !== first)) {
    throw new Error('A tuple of different members cannot be described to generators of clients: make it an object.');
  }
  delete schema['prefixItems'];
  Object.assign(schema, { items: members[0], minItems: members.length, maxItems: members.length });
}
