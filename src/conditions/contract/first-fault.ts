import type { z } from 'zod';

/**
 * Checks JSON against a schema, without what comes behind the first entry of its list `name` that looks wrong. The schema then
 * says what is wrong with that one, and not also with the thousands that follow, which would take its time.
 */
export function parseUpToFault<Schema extends z.ZodType>(
  schema: Schema,
  json: unknown,
  name: string,
  looksWrong: (entry: unknown) => boolean,
): z.ZodSafeParseResult<z.output<Schema>> {
  const list: unknown = typeof json === 'object' && json !== null ? Reflect.get(json, name) : undefined;
  const first = Array.isArray(list) ? list.findIndex(looksWrong) : -1;
  if (first === -1) return schema.safeParse(json);
  const refused = schema.safeParse({ ...(json as object), [name]: (list as unknown[]).slice(0, first + 1) });
  // The schema is the judge: what only looks wrong is checked as a whole.
  return refused.success ? schema.safeParse(json) : refused;
}
