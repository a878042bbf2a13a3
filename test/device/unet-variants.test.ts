import { expect, test } from 'vitest';
import { Branches } from '../../src/device/branches.ts';
import { UNetVariants } from '../../src/device/unet-variants.ts';
import type { OnnxModel } from '../../src/graph/compiler/index.ts';
import { SessionPool } from '../../src/runtime/index.ts';

const shared = { deltas: [], tiling: undefined, tokenMerging: undefined };
/** What no session comes of. */
const none: OnnxModel = {
  name: 'test network',
  bytes: new Uint8Array(9),
  weightsFolder: '',
  inputs: [],
  outputs: [],
  weights: [],
  parameters: 1,
  everyStep: true,
};

test.each<readonly [string, Parameters<UNetVariants['choose']>]>([
  ['takes features', [true, [], 0]],
  ['takes more image prompts', [false, [], 2]],
  ['gives out what lies deep', [false, [], 0, { depth: 1, part: 'whole' }]],
])('one that is being loaded does where it %s', async (_says, asked) => {
  const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 1e6);
  const variants = new UNetVariants(pool, 'base@0', shared, new Branches(pool));
  const plain = variants.choose(false, []);
  const more = variants.choose(...asked);
  expect(more.session).not.toBe(plain.session);
  const loading = pool.use(
    more.session,
    () => none,
    async () => await Promise.resolve(),
  );
  expect(variants.choose(false, [])).toEqual(more);
  await expect(loading).rejects.toMatchObject({ code: 'model_invalid' });
  expect(variants.choose(false, [])).toEqual(plain);
});
