import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { float32Tensor, type WrittenTensor } from '../write-safetensors.ts';

const here = dirname(fileURLToPath(import.meta.url));

export type Tensors = Record<string, WrittenTensor>;
export type Shapes = Readonly<Record<string, readonly number[]>>;

const shapes = JSON.parse(readFileSync(join(here, 'shapes.json'), 'utf8')) as Readonly<
  Record<'base' | 'distilled' | 'controlnet', Shapes>
>;

/** A base model of SD 1.x as a single file: two levels, text 64 wide. Its heads and groups are those that are usual. */
export function smallBase(): Tensors {
  return tensorsOf(shapes.base);
}

/** What a UNet that is told its guidance has beside the weights of {@link smallBase}. */
export function guidanceEmbedding(): Tensors {
  return tensorsOf(shapes.distilled);
}

/** A ControlNet under lllyasviel's names that fits {@link smallBase}. */
export function smallControlNet(): Tensors {
  return tensorsOf(shapes.controlnet);
}

export function tensorsOf(given: Shapes): Tensors {
  return Object.fromEntries(
    Object.entries(given).map(([name, shape]) => [name, float32Tensor(shape, weightValues(name, shape))]),
  );
}

/** A tensor without elements, as markers are. */
export function emptyTensor(): WrittenTensor {
  return float32Tensor([0], []);
}

/** Tensors whose names `change` gives another, or none. */
export function renamed(tensors: Tensors, change: (name: string) => string | null): Tensors {
  const entries = Object.entries(tensors).map(([name, tensor]) => [change(name), tensor] as const);
  return Object.fromEntries(entries.filter(([name]) => name !== null)) as Tensors;
}

/**
 * The weights of make_references.py: uniform numbers of deviation 1 from a hash of the name (FNV-1a) and the place (the
 * finaliser of MurmurHash3), scaled by what the tensor is.
 */
export function weightValues(name: string, shape: readonly number[]): Float32Array {
  let seed = 2166136261;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 16777619);
  const size = shape.reduce((product, side) => product * side, 1);
  const norm = /norm\w*\.weight$|layer_norm\d\.weight$|(in|out)_layers\.0\.weight$|\bout\.0\.weight$/.test(name);
  const fan = Math.sqrt(size / (shape[0] ?? 1));
  return Float32Array.from({ length: size }, (_, place) => {
    const uniform = (hashed(seed, place) / 2 ** 32 - 0.5) * Math.sqrt(12);
    if (norm) return 1 + 0.1 * uniform;
    return shape.length > 1 ? uniform / fan : 0.05 * uniform;
  });
}

function hashed(seed: number, place: number): number {
  let hash = (Math.imul(place, 0x9e3779b1) + seed) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Path of a picture that diffusers drew. */
export function referencePath(name: string): string {
  return join(here, `${name}.png`);
}
