import type { OnnxModel } from '../../src/graph/compiler/index.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';
import { createSession, type Feeds } from '../../src/runtime/index.ts';
import { floats, type GoldenArray, goldenArrays, goldenJson } from '../support/golden.ts';

/** Runs `model` once on the CPU and releases it. */
export async function runOnce(model: OnnxModel, feeds: Feeds): Promise<Readonly<Record<string, Tensor>>> {
  const session = await createSession(model, { provider: 'cpu', deviceId: 0, threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** Reference numbers of one model, which notes what was asked for so that nothing is left out in silence. */
export class GoldenModel {
  readonly name: string;
  readonly index: Readonly<Record<string, readonly number[]>>;
  readonly #arrays: ReadonlyMap<string, GoldenArray>;
  readonly #used = new Set<string>();

  constructor(name: string) {
    this.name = name;
    this.index = goldenJson<{ tensors: Record<string, number[]> }>('models', name, 'golden.json').tensors;
    this.#arrays = goldenArrays('models', name, 'golden.safetensors');
  }

  has(tensor: string): boolean {
    return tensor in this.index;
  }

  /** A float32 array as a tensor. */
  tensor(name: string): Tensor {
    this.#used.add(name);
    return { dims: this.#array(name).dims, data: floats(this.#arrays, name) };
  }

  /** An integer or float array as float32, each value mapped. */
  mapped(name: string, map: (value: number) => number = (value) => value): Tensor {
    this.#used.add(name);
    const { dims, data } = this.#array(name);
    return { dims, data: Float32Array.from(data as ArrayLike<number>, map) };
  }

  integers(name: string): { readonly dims: readonly number[]; readonly data: Int32Array } {
    this.#used.add(name);
    const { dims, data } = this.#array(name);
    return { dims, data: Int32Array.from(data as ArrayLike<number>, Number) };
  }

  /** The distinct first matches of `pattern` among the names. */
  matches(pattern: RegExp): readonly string[] {
    return [...new Set(Object.keys(this.index).flatMap((name) => pattern.exec(name)?.[1] ?? []))];
  }

  get unused(): readonly string[] {
    return Object.keys(this.index).filter((name) => !this.#used.has(name));
  }

  #array(name: string): GoldenArray {
    const array = this.#arrays.get(name);
    if (array === undefined) throw new Error(`No reference ${name} for ${this.name}`);
    return array;
  }
}
