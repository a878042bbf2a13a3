import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { baseNetworks } from '../../src/device/pooled-networks.ts';
import { row, type Tensor } from '../../src/numeric/tensor.ts';
import { withGuidance } from '../../src/pipeline/conditioning/added.ts';
import { stackConditionings } from '../../src/pipeline/conditioning/conditioning.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { openBaseCheckpoint } from '../../src/weights/checkpoint.ts';
import { floats, goldenArrays, maxAbsDifference } from '../support/golden.ts';
import { makeFixedFolder, makeGuidedFolder } from '../support/guided-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'armature-guidance-'));
const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
const arrays = goldenArrays('formats', 'golden.safetensors');
const width = 32;

afterAll(async () => {
  await pool.release();
  rmSync(folder, { recursive: true, force: true });
});

function given(name: string): Tensor {
  const { dims, data } = arrays.get(name)!;
  return { dims, data: Float32Array.from(data as ArrayLike<number>) };
}

/** The answers of a model to the reference's first row, asked once for each of these scales, in one run. */
async function answers(path: string, scales: readonly (number | null)[]): Promise<readonly Float32Array[]> {
  const networks = baseNetworks(pool, path, await openBaseCheckpoint(path));
  const none: Tensor = { dims: [1, 1, 1, 1], data: new Float32Array(1) };
  const [sample, context] = [given('sample'), given('encoder_hidden_states')];
  const repeated = (value: Float32Array, dims: readonly number[]): Tensor => ({
    dims: [scales.length, ...dims],
    data: Float32Array.from(scales.flatMap(() => [...value])),
  });
  const told = { context: { dims: context.dims.slice(1), data: row(context, 0) } };
  const rows = scales.map((scale) => (scale === null ? told : withGuidance(told, scale)));
  const input = {
    sample: repeated(row(sample, 0), sample.dims.slice(1)),
    timestep: { dims: [rows.length], data: new Float32Array(rows.length).fill(Number(given('timestep').data[0])) },
    conditioning: stackConditionings(rows),
  };
  const residuals = Array.from({ length: networks.injectionPoints }, () => none);
  const out = await networks.denoise(
    input,
    { residuals, features: [], imageTokens: [] },
    scales.map(() => []),
  );
  return scales.map((_, index) => row(out, index));
}

it('a UNet that takes the guidance answers each row by its own, as diffusers embeds it', async () => {
  const path = join(folder, 'guided');
  makeGuidedFolder(path, width);
  const scales = [1, 8.5, 4.25];
  const together = await answers(path, scales);
  for (const [index, scale] of scales.entries()) {
    const fixed = join(folder, `at-${scale}`);
    makeFixedFolder(fixed, width, scale);
    const [expected] = await answers(fixed, [null]);
    expect(maxAbsDifference(together[index]!, expected!), String(scale)).toBeLessThanOrEqual(5e-5);
  }
  // The layer does something.
  expect(maxAbsDifference(together[0]!, together[1]!)).toBeGreaterThan(1e-2);
  expect(maxAbsDifference(together[0]!, floats(arrays, 'unet/fp16').slice(0, together[0]!.length))).toBeGreaterThan(
    1e-2,
  );
});
