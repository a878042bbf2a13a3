/**
 * A size of a value's shape: a number, or an expression over names (rows, height, width, tokens ...) that are known only when
 * the network runs. Equal expressions have equal text.
 */
export type Size = number | SizeExpression;

export type SizeExpression = Name | Product | Quotient;

interface Name {
  readonly kind: 'name';
  readonly name: string;
}

/** A number of at least 1 times expressions, sorted by their text; at least one of them, or a number above 1. */
interface Product {
  readonly kind: 'product';
  readonly factor: number;
  readonly of: readonly SizeExpression[];
}

interface Quotient {
  readonly kind: 'quotient';
  readonly of: SizeExpression;
  readonly by: number;
  readonly rounded: Rounded;
}

export type Rounded = 'up' | 'down';

export type Shape = readonly Size[];

export function named(name: string): Size {
  return { kind: 'name', name };
}

export function product(...sizes: readonly Size[]): Size {
  let factor = 1;
  const of: SizeExpression[] = [];
  for (const size of sizes) {
    if (typeof size === 'number') factor *= size;
    else if (size.kind === 'product') {
      factor *= size.factor;
      of.push(...size.of);
    } else of.push(size);
  }
  const [only] = of;
  if (only === undefined || factor === 0) return factor;
  if (factor === 1 && of.length === 1) return only;
  return { kind: 'product', factor, of: of.toSorted((a, b) => (sizeText(a) < sizeText(b) ? -1 : 1)) };
}

/** `size` divided by `by`, a whole number of at least 1, and rounded. */
export function quotient(size: Size, by: number, rounded: Rounded): Size {
  if (typeof size === 'number') return rounded === 'up' ? Math.ceil(size / by) : Math.floor(size / by);
  if (by === 1) return size;
  if (size.kind === 'product' && size.factor % by === 0) return product(size.factor / by, ...size.of);
  if (size.kind === 'quotient' && size.rounded === rounded) return { ...size, by: size.by * by };
  return { kind: 'quotient', of: size, by, rounded };
}

/** The number that a size is where its names have these values. Throws RangeError for a name without one. */
export function evaluate(size: Size, values: Readonly<Record<string, number>>): number {
  if (typeof size === 'number') return size;
  if (size.kind === 'quotient') return quotient(evaluate(size.of, values), size.by, size.rounded) as number;
  if (size.kind === 'product') return size.of.reduce((all, one) => all * evaluate(one, values), size.factor);
  const value = values[size.name];
  if (value === undefined) throw new RangeError(`The size ${size.name} has no value`);
  return value;
}

export function sameSize(a: Size, b: Size): boolean {
  return a === b || sizeText(a) === sizeText(b);
}

/** `4`, `rows`, `2*height*width`, `ceil(height/8)`. */
export function sizeText(size: Size): string {
  if (typeof size === 'number') return String(size);
  if (size.kind === 'name') return size.name;
  if (size.kind === 'product') {
    return [...(size.factor === 1 ? [] : [String(size.factor)]), ...size.of.map(sizeText)].join('*');
  }
  return `${size.rounded === 'up' ? 'ceil' : 'floor'}(${sizeText(size.of)}/${size.by})`;
}

export function shapeText(shape: Shape): string {
  return `[${shape.map(sizeText).join(', ')}]`;
}
