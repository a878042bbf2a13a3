import { readFileSync, writeFileSync } from 'node:fs';
import { safetensorsBytes, type WrittenTensor } from '../weights/write-safetensors.ts';
import { smallModelPath } from './golden.ts';

/** The tensors of a file below test/golden whose names begin with `prefix`, without it. */
export function tensorsOf(file: readonly string[], prefix = ''): Readonly<Record<string, WrittenTensor>> {
  const bytes = readFileSync(smallModelPath(...file));
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
    string,
    { readonly dtype: string; readonly shape: readonly number[]; readonly data_offsets: readonly [number, number] }
  >;
  return Object.fromEntries(
    Object.entries(header).flatMap(([name, { dtype, shape, data_offsets: offsets }]) => {
      if (name === '__metadata__' || !name.startsWith(prefix)) return [];
      return [
        [
          name.slice(prefix.length),
          { dtype, shape, bytes: bytes.subarray(8 + length + offsets[0], 8 + length + offsets[1]) },
        ],
      ];
    }),
  );
}

/**
 * The autoencoder of sd15-tiny as a file of its own under the names of the original code, with `before` in front of each, and beside it
 * what its weights do not say: `told`, by default how many groups it has. `change` makes another one of it.
 */
export function writeSmallVae(
  path: string,
  {
    before = '',
    told = {},
    change = (value) => value,
  }: {
    readonly before?: string;
    readonly told?: Readonly<Record<string, unknown>>;
    readonly change?: (value: number) => number;
  } = {},
): void {
  const tensors = Object.entries(tensorsOf(['formats', 'sd15-tiny-ldm.safetensors'], 'first_stage_model.')).map(
    ([name, { dtype, shape, bytes }]) => {
      const values = new Float32Array(Uint8Array.from(bytes).buffer).map(change);
      return [before + name, { dtype, shape, bytes: new Uint8Array(values.buffer) }] as const;
    },
  );
  writeFileSync(path, safetensorsBytes(Object.fromEntries(tensors)));
  const { norm_num_groups } = JSON.parse(
    readFileSync(smallModelPath('models', 'sd15-tiny', 'vae', 'config.json'), 'utf8'),
  ) as Record<string, unknown>;
  const config = { _class_name: 'AutoencoderKL', norm_num_groups, ...told };
  writeFileSync(path.replace(/\.safetensors$/, '.json'), JSON.stringify(config));
}
