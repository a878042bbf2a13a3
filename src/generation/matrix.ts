import { ArmatureError } from '../errors.ts';
import type { BatchAxis } from './batch.ts';
import { isObject } from './request/field-names.ts';
import { show } from '../text/show.ts';
import { hasMoreValues } from './request/json-size.ts';
import { limits } from './request/limits.ts';

type Json = Readonly<Record<string, unknown>>;

/** Characters of the path of a field. */
const longestPath = 100;

export interface Expanded {
  readonly axes: readonly BatchAxis[];
  readonly items: Iterable<Json>;
}

/**
 * Every combination of the values of a matrix, each written into a copy of the template. The axes are in the order in which
 * the matrix names them, and the last one changes fastest: {seed: [1, 2], steps: [10, 20]} gives (1, 10), (1, 20), (2, 10),
 * (2, 20).
 *
 * @throws ArmatureError `invalid_request` for a path that is none or leads through something else than an object or a
 *   list, `payload_too_large` for more than `maxItems` combinations
 */
export function expandMatrix(template: Json, matrix: Readonly<Record<string, readonly unknown[]>>, maxItems: number) {
  refuseLarge(template, 'template');
  for (const values of Object.values(matrix)) for (const value of values) refuseLarge(value, 'matrix');
  const axes = Object.entries(matrix).map(([path, values]) => ({ path, values, keys: keysOf(path) }));
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > maxItems) {
    const detail = `Expected a matrix of at most ${maxItems} combinations but received ${count}.`;
    throw new ArmatureError('payload_too_large', detail, { field: 'matrix' });
  }
  return {
    axes: axes.map(({ path, values }) => ({ path, labels: values.map(labelOf) })),
    items: combinations(template, axes, count),
  } satisfies Expanded;
}

/** What is copied for each item may not be more than one generation may have. */
function refuseLarge(value: unknown, field: string): void {
  if (!hasMoreValues(value, limits.values)) return;
  throw new ArmatureError('payload_too_large', `Expected ${field} to have at most ${limits.values} values.`, { field });
}

/** A copy that shares nothing but texts, which nobody changes. */
function copyOf<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyOf) as T;
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, copyOf(entry)])) as T;
}

interface Axis {
  readonly path: string;
  readonly values: readonly unknown[];
  readonly keys: readonly (string | number)[];
}

function* combinations(template: Json, axes: readonly Axis[], count: number): Generator<Json> {
  for (let index = 0; index < count; index += 1) {
    const item = copyOf(template);
    let rest = index;
    for (const { path, values, keys } of axes.toReversed()) {
      write(item, keys, values[rest % values.length], path);
      rest = Math.floor(rest / values.length);
    }
    yield item;
  }
}

/** ['controls', 0, 'scale'] for `controls[0].scale`. */
function keysOf(path: string): readonly (string | number)[] {
  // What it leads to is as deep as it is long.
  if (
    path.length > longestPath ||
    !/^[a-z_]+(\[\d{1,3}\])*(\.[a-z_]+(\[\d{1,3}\])*)*$/.test(path) ||
    path.includes('__proto__')
  ) {
    const detail = `Expected the path of a field, such as controls[0].scale, but received ${show(path)}.`;
    throw new ArmatureError('invalid_request', detail, { field: 'matrix' });
  }
  return [...path.matchAll(/[a-z_]+|\d+/g)].map(([key]) => (/^\d/.test(key) ? Number(key) : key));
}

/** Sets a field; objects on the way that are not there yet are made, entries of lists must be there or be the next. */
function write(target: unknown, keys: readonly (string | number)[], value: unknown, path: string): void {
  const [key, ...rest] = keys;
  const next = rest[0];
  const inner = next === undefined ? copyOf(value) : (entry(target, key!) ?? (typeof next === 'number' ? [] : {}));
  if (Array.isArray(target) && typeof key === 'number' && key <= target.length) target[key] = inner;
  else if (isObject(target) && typeof key === 'string') target[key] = inner;
  else {
    const detail = `The path ${path} does not lead to a field: ${String(key)} has no place in ${show(target)}.`;
    throw new ArmatureError('invalid_request', detail, { field: `matrix.${path}` });
  }
  if (next !== undefined) write(inner, rest, value, path);
}

function entry(target: unknown, key: string | number): unknown {
  return typeof target === 'object' && target !== null && Object.hasOwn(target, key)
    ? (Reflect.get(target, key) as unknown)
    : undefined;
}

/** A short name of a value: the number or text itself, of a picture what it is known by, of anything else its number. */
function labelOf(value: unknown, index: number): string {
  if (typeof value !== 'object' || value === null) return short(String(value));
  const known = isObject(value)
    ? (value['part'] ?? value['url'] ?? value['upload_id'] ?? value['generation'])
    : undefined;
  return typeof known === 'string' ? short(known.split('/').at(-1) ?? known) : `#${index + 1}`;
}

function short(text: string): string {
  return text.length > 40 ? `${text.slice(0, 19)}..${text.slice(-19)}` : text;
}
