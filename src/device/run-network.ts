import type { OnnxModel } from '../graph/compiler/index.ts';
import type { Tensor } from '../numeric/tensor.ts';
import type { Feeds, SessionPool } from '../runtime/index.ts';
import { type NetworkVariant, variantKey } from './network-variant.ts';

/** The key of a network; of its files, unless adapters change it. */
export function sessionKey(
  network: string,
  { deltas = [], structure = {} }: Partial<Pick<NetworkVariant, 'deltas' | 'structure'>> = {},
): string {
  return variantKey({ network, deltas, structure, lowering: 'cpu' });
}

/** One output of a network, which is built and loaded where it is not yet. */
export async function runOne(
  pool: SessionPool,
  key: string,
  build: () => OnnxModel,
  output: string,
  feeds: Feeds,
): Promise<Tensor> {
  const [only] = await run(pool, key, build, [output], feeds);
  return only as Tensor;
}

/** As {@link runOne}, for several outputs in the order of their names. */
export async function run(
  pool: SessionPool,
  key: string,
  build: () => OnnxModel,
  outputs: readonly string[],
  feeds: Feeds,
): Promise<readonly Tensor[]> {
  const results = await pool.use(key, build, async (session) => await session.run(feeds));
  return outputs.map((name) => {
    const result = results[name];
    if (result === undefined) throw new RangeError(`Network ${key} has no output ${name}`);
    return result;
  });
}
