import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { Shapes } from './shapes.ts';

/** Numbers that are written again and again: a prime, so that rows of a matrix differ. */
const poolLength = 1_048_573;

/** Writes a .safetensors file of random float16 weights, a piece at a time. Equal seeds give equal files. */
export function writeRandomWeights(path: string, shapes: Shapes, seed: number): void {
  const file = openSync(path, 'w');
  try {
    writeHeader(file, shapes);
    const random = uniforms(seed);
    const pools = new Map<number, Uint8Array>();
    for (const [name, shape] of Object.entries(shapes)) {
      const { offset, spread } = distribution(name, shape);
      const key = 10 * spread + offset;
      const pool = pools.get(key) ?? halves(random, offset, spread);
      pools.set(key, pool);
      writeRepeated(file, pool, 2 * elements(shape));
    }
  } finally {
    closeSync(file);
  }
}

/** Writes the header of a .safetensors file of float16 weights, and a hole where its weights would be: they are 0. */
export function writeSparseWeights(path: string, shapes: Shapes): void {
  const file = openSync(path, 'w');
  try {
    const weights = Object.values(shapes).reduce((sum, shape) => sum + elements(shape), 0);
    ftruncateSync(file, writeHeader(file, shapes) + 2 * weights);
  } finally {
    closeSync(file);
  }
}

/** Norms do nothing, biases are small, and each layer keeps the size of its input's values. */
function distribution(name: string, shape: readonly number[]): { readonly offset: number; readonly spread: number } {
  if (shape.length === 1) return { offset: /norm\d?\.weight$/.test(name) ? 1 : 0, spread: 0.01 };
  if (name.includes('embeddings')) return { offset: 0, spread: 0.05 };
  return { offset: 0, spread: Math.sqrt(3 / elements(shape.slice(1))) };
}

/** The number of bytes before the first weight. */
function writeHeader(file: number, shapes: Shapes): number {
  let end = 0;
  const entries = Object.entries(shapes).map(([name, shape]) => {
    const begin = end;
    end += 2 * elements(shape);
    return [name, { dtype: 'F16', shape, data_offsets: [begin, end] }];
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return writeSync(file, Buffer.concat([length, header]));
}

function writeRepeated(file: number, pool: Uint8Array, byteLength: number): void {
  for (let left = byteLength; left > 0; left -= pool.length) writeSync(file, pool, 0, Math.min(left, pool.length));
}

function halves(random: () => number, offset: number, spread: number): Uint8Array {
  const pool = new Uint16Array(poolLength);
  for (let i = 0; i < poolLength; i++) pool[i] = half(offset + spread * (2 * random() - 1));
  return new Uint8Array(pool.buffer);
}

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** IEEE 754 binary16, rounded towards zero; too small becomes 0. */
function half(value: number): number {
  single[0] = value;
  const word = bits[0] as number;
  const exponent = ((word >>> 23) & 0xff) - 112;
  const sign = (word >>> 16) & 0x8000;
  return exponent <= 0 ? sign : sign | (exponent << 10) | ((word >>> 13) & 0x3ff);
}

/** Mulberry32. */
function uniforms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
