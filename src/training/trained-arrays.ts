import type { Graph } from '../graph/builder/graph.ts';
import { gradientPrefix } from '../graph/steps/step.ts';
import { elementCount, type Tensor } from '../numeric/tensor.ts';

/** Where something that is trained lies in one long array. */
interface TrainedPlace {
  readonly dims: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** Everything that a training moves, as one array of numbers, so that it is moved, averaged and kept as one. */
export interface TrainedArrays {
  readonly length: number;
  /** By the names that files give it, in the order in which it lies there. */
  readonly wholes: ReadonlyMap<string, TrainedPlace>;
  /** By the names of the graph's inputs: wholes, or neighbouring parts of one. */
  readonly fed: ReadonlyMap<string, TrainedPlace>;
}

/**
 * Lays out what the graph of a step trains. `wholes` are the shapes of what files hold; where the graph takes it in parts these are called `<name>.0` and so
 * on, equal parts along the first axis. Throws RangeError where the graph trains something else than that.
 */
export function layOut(graph: Graph, wholes: ReadonlyMap<string, readonly number[]>): TrainedArrays {
  const places = new Map<string, TrainedPlace>();
  let end = 0;
  for (const [name, dims] of wholes) {
    const length = elementCount(dims);
    places.set(name, { dims, offset: end, length });
    end += length;
  }
  const gradients = new Set(graph.outputs.map(({ name }) => name));
  const fed = new Map<string, TrainedPlace>();
  let covered = 0;
  for (const { name, value } of graph.inputs) {
    if (!gradients.has(`${gradientPrefix}${name}`)) continue;
    const dims = value.shape as readonly number[];
    const length = elementCount(dims);
    fed.set(name, { dims, offset: offsetOf(name, length, places), length });
    covered += length;
  }
  if (covered !== end) throw new RangeError(`Expected ${end} numbers that are trained but the graph has ${covered}`);
  return { length: end, wholes: places, fed };
}

/** Views of an array of that layout, by name. */
export function viewsOf(places: ReadonlyMap<string, TrainedPlace>, all: Float32Array): ReadonlyMap<string, Tensor> {
  return new Map(
    [...places].map(([name, { dims, offset, length }]) => [
      name,
      { dims, data: all.subarray(offset, offset + length) },
    ]),
  );
}

function offsetOf(name: string, length: number, wholes: ReadonlyMap<string, TrainedPlace>): number {
  const whole = wholes.get(name);
  if (whole !== undefined) return whole.offset;
  const [, of = '', part = ''] = /^(.+)\.(\d+)$/.exec(name) ?? [];
  const place = wholes.get(of);
  if (place === undefined) throw new RangeError(`Expected a weight for the trained input ${name}`);
  return place.offset + Number(part) * length;
}
