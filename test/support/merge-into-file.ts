import { readFileSync, writeFileSync } from 'node:fs';
import { goldenArrays } from './golden.ts';

/** A LoRA with kohya's names and factors of matrices in float32, by its layers. */
interface Factors {
  readonly up: Float32Array;
  readonly down: Float32Array;
  readonly rank: number;
  readonly alpha: number;
}

/**
 * Adds scale x alpha / rank x up x down to the weights of a network's file, in double precision: what a LoRA with kohya's names is, written
 * apart from src/weights/lora on purpose. `lora` is a file below test/golden; its layers of this network begin with `prefix`.
 */
export function mergeIntoFile(file: string, lora: readonly string[], prefix: string, scale: number): number {
  const layers = layersOf(lora, prefix);
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
    string,
    { readonly shape: readonly number[]; readonly data_offsets: readonly [number, number] }
  >;
  let merged = 0;
  for (const [name, { shape, data_offsets: offsets }] of Object.entries(header)) {
    const factors = layers.get(name.replace(/\.weight$/, '').replaceAll('.', '_'));
    if (!name.endsWith('.weight') || factors === undefined) continue;
    const { up, down, rank, alpha } = factors;
    const [rows = 0, ...rest] = shape;
    const columns = rest.reduce((product, size) => product * size, 1);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let i = 0; i < rank; i++) sum += up[row * rank + i]! * down[i * columns + column]!;
        const at = 8 + length + offsets[0] + 4 * (row * columns + column);
        bytes.writeFloatLE(bytes.readFloatLE(at) + ((scale * alpha) / rank) * sum, at);
      }
    }
    merged++;
  }
  writeFileSync(file, bytes);
  return merged;
}

function layersOf(lora: readonly string[], prefix: string): ReadonlyMap<string, Factors> {
  const arrays = goldenArrays(...lora);
  const values = (name: string): Float32Array => arrays.get(name)?.data as Float32Array;
  const found = [...arrays].flatMap(([name, { dims }]): readonly (readonly [string, Factors])[] => {
    if (!name.startsWith(prefix) || !name.endsWith('.lora_down.weight')) return [];
    const layer = name.slice(0, -'.lora_down.weight'.length);
    const [rank = 0] = dims;
    const factors = {
      up: values(`${layer}.lora_up.weight`),
      down: values(name),
      rank,
      alpha: values(`${layer}.alpha`)[0]!,
    };
    return [[layer.slice(prefix.length), factors]];
  });
  return new Map(found);
}
