import { philox4x32, type PhiloxCounter } from './philox.ts';

/** Between which times a path runs; both positive. */
export interface PathRange {
  readonly from: number;
  readonly to: number;
}

/** Weights of independent normals, by the number of each. */
type Weights = ReadonlyMap<number, number>;

/** How often the range is halved: the leaves are the range's logarithm over 2^14. */
const depth = 14;

/**
 * A Brownian motion for each of `length` values, in which every point is a function of the seed, the stream and its time alone, in whatever
 * order points are asked for. It is bisected from the ends of its range inwards, in equal steps of the logarithm of time (Gaines and Lyons 1997);
 * within a leaf each point has a bridge's own deviation, with one normal for all points of the leaf. Times outside the range count as its ends.
 */
export class BrownianPath {
  readonly #seed: number;
  readonly #stream: number;
  readonly #length: number;
  readonly #range: PathRange;

  /** `seed` and `stream` are integers from 0 to 2^32 - 1: paths that differ in one of them are independent. */
  constructor(seed: number, length: number, range: PathRange, stream = 0) {
    this.#seed = seed >>> 0;
    this.#stream = stream >>> 0;
    this.#length = length;
    this.#range = range;
  }

  /** W(to) - W(from) over the root of the time between them, that is, standard normals: a new array. */
  increment(from: number, to: number): Float32Array {
    const [start, end] = [this.#within(from), this.#within(to)];
    const distance = Math.abs(end - start);
    // Nothing lies between two times beyond the same end; noise is asked for all the same.
    if (distance === 0) return this.#combine(new Map([[outside, 1]]));
    const scale = 1 / Math.sqrt(distance);
    return this.#combine(sum(this.#weightsAt(end), scale, this.#weightsAt(start), -scale));
  }

  #within(time: number): number {
    return Math.min(Math.max(time, this.#range.from), this.#range.to);
  }

  /** W(time), with W = 0 at the start of the range, as weights of the normals that it is made of. */
  #weightsAt(time: number): Weights {
    let { from, to } = this.#range;
    let atStart: Weights = new Map();
    let atEnd: Weights = new Map([[rangeEnd, Math.sqrt(to - from)]]);
    let interval = 1;
    for (let level = 0; level < depth; level++) {
      const middle = Math.sqrt(from * to);
      const atMiddle = bridge(middle, from, to, atStart, atEnd, interval);
      if (time < middle) [to, atEnd, interval] = [middle, atMiddle, interval * 2];
      else [from, atStart, interval] = [middle, atMiddle, interval * 2 + 1];
    }
    return bridge(time, from, to, atStart, atEnd, interval);
  }

  #combine(weights: Weights): Float32Array {
    const values = new Float64Array(this.#length);
    for (const [normal, weight] of weights) if (weight !== 0) this.#add(values, normal, weight);
    return Float32Array.from(values);
  }

  /** Four values for each counter (Box and Muller 1958). */
  #add(values: Float64Array, normal: number, weight: number): void {
    for (let i = 0; i < values.length; i += 4) {
      const counter: PhiloxCounter = [i / 4, normal, this.#stream, purpose];
      const [w0, w1, w2, w3] = philox4x32(counter, [this.#seed, 0]);
      addPair(values, i, weight, w0, w1);
      addPair(values, i + 2, weight, w2, w3);
    }
  }
}

/** Numbers of normals: that of an interval is its place in the tree of halves, from 1. */
const rangeEnd = 0;
const outside = 2 ** (depth + 1);
/** Keeps the words apart from those of other draws with the seed. */
const purpose = 0x62726f77;

function addPair(values: Float64Array, at: number, weight: number, first: number, second: number): void {
  const radius = weight * Math.sqrt(-2 * Math.log((first + 1) * 2 ** -32));
  const theta = 2 * Math.PI * second * 2 ** -32;
  if (at < values.length) values[at] = (values[at] ?? 0) + radius * Math.cos(theta);
  if (at + 1 < values.length) values[at + 1] = (values[at + 1] ?? 0) + radius * Math.sin(theta);
}

/** W(time) given W at two times around it: straight between them, and a normal of its own. */
function bridge(time: number, from: number, to: number, atStart: Weights, atEnd: Weights, normal: number): Weights {
  const share = (time - from) / (to - from);
  const deviation = Math.sqrt(Math.max(((to - time) * (time - from)) / (to - from), 0));
  return new Map([...sum(atStart, 1 - share, atEnd, share), [normal, deviation]]);
}

function sum(a: Weights, ofA: number, b: Weights, ofB: number): Weights {
  const total = new Map<number, number>();
  for (const [normal, weight] of a) total.set(normal, weight * ofA);
  for (const [normal, weight] of b) total.set(normal, (total.get(normal) ?? 0) + weight * ofB);
  return total;
}
