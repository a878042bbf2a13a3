import { elementCount, stack, type Tensor } from '../../numeric/tensor.ts';

/**
 * What a network is told beside the sample and the timestep, as named tensors. Of one row each is without the axis of rows, such
 * as `context` [tokens, width]; of a batch with it, [rows, tokens, width]. Families and adapters differ in the names that they
 * have. A tensor of two axes is a sequence that the network attends over, and may have any length.
 */
export type Conditioning = Readonly<Record<string, Tensor>>;

/** What a row is told at each step of its pass, as plain data. */
export interface StepConditionings {
  readonly distinct: readonly Conditioning[];
  /** Which of them by step, counted from 0; the last one goes on. */
  readonly at: readonly number[];
}

/** The same at every step. */
export function throughout(conditioning: Conditioning): StepConditionings {
  return { distinct: [conditioning], at: [0] };
}

export function conditioningAt({ distinct, at }: StepConditionings, step: number): Conditioning {
  return distinct[at[Math.min(step, at.length - 1)] ?? 0] ?? {};
}

/**
 * The conditionings of rows, stacked by name. A row that lacks a name that others have gets zeros there, which say nothing. Sequences
 * of unequal length are each repeated up to their least common multiple: a softmax over keys of which each stands there equally often
 * is what it is over them alone, so that a row never depends on its neighbours' lengths.
 */
export function stackConditionings(rows: readonly Conditioning[]): Conditioning {
  return Object.fromEntries(
    [...shapesOf(rows)].map(([name, dims]) => {
      const size = elementCount(dims);
      const values = rows.map((row) => repeated(row[name]?.data ?? new Float32Array(size), size));
      return [name, stack(values, dims)];
    }),
  );
}

export function repeated(values: Float32Array, size: number): Float32Array {
  if (values.length === size) return values;
  const all = new Float32Array(size);
  for (let at = 0; at < size; at += values.length) all.set(values, at);
  return all;
}

/** Names and shapes in the conditionings of a sample's rows as text, without the lengths of sequences: samples can share a batch where it is equal. */
export function structureOf(rows: readonly { readonly conditionings: StepConditionings }[]): string {
  const told = rows.flatMap(({ conditionings }) => conditionings.distinct);
  return [...shapesOf(told)]
    .map(([name, dims]) => `${name} ${(isSequence(dims) ? dims.slice(1) : dims).join('x')}`)
    .join(', ');
}

/** The shape of each name in a batch of these rows. */
function shapesOf(rows: readonly Conditioning[]): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const row of rows) {
    for (const [name, { dims }] of Object.entries(row)) {
      const [length = 0] = shapes.get(name) ?? dims;
      const [own = 0, ...width] = dims;
      shapes.set(name, isSequence(dims) ? [commonMultiple(length, own), ...width] : dims);
    }
  }
  return shapes;
}

/** Tokens up to which sequences are repeated: four chunks of CLIP and fewer, six and twelve go together. */
const mostTokens = 12 * 77;

/** Whether sequences of these rows may be brought to one length in a run of a network: not if that becomes much longer than the longest. */
export function canShareRun(rows: readonly Conditioning[]): boolean {
  const longest = new Map<string, number>();
  for (const row of rows) {
    for (const [name, { dims }] of Object.entries(row)) {
      longest.set(name, Math.max(longest.get(name) ?? 0, dims[0] ?? 0));
    }
  }
  return [...shapesOf(rows)].every(
    ([name, dims]) => !isSequence(dims) || (dims[0] ?? 0) <= Math.max(mostTokens, longest.get(name) ?? 0),
  );
}

/** The same of sequences of such lengths, which may be repeated up to `most`. */
export function fitOneLength(lengths: readonly number[], most: number): boolean {
  return oneLength(lengths) <= Math.max(most, ...lengths);
}

/** The length to which sequences of such lengths are repeated; 1 where there are none. */
export function oneLength(lengths: readonly number[]): number {
  return lengths.reduce(commonMultiple, 1);
}

/** Whether a tensor of such a shape, without the axis of rows, is one that the network attends over. */
export function isSequence(dims: readonly number[]): boolean {
  return dims.length === 2;
}

function commonMultiple(a: number, b: number): number {
  return (a / commonDivisor(a, b)) * b;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
