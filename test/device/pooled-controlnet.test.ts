import { afterAll, describe, expect, it } from 'vitest';
import { controlNetworks } from '../../src/device/pooled-networks.ts';
import { injectionPoints } from '../../src/graph/compiler/index.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';
import { TorchGenerator } from '../../src/numeric/torch-generator.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { openControlNetCheckpoint } from '../../src/weights/checkpoint.ts';
import { smallModelPath } from '../support/golden.ts';

const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
afterAll(async () => await pool.release());

async function residuals(pooled: boolean): Promise<readonly Tensor[]> {
  const path = smallModelPath('models', 'sd15-tiny', 'controlnet-a');
  const checkpoint = await openControlNetCheckpoint(path, { global_pool_conditions: pooled });
  const networks = controlNetworks(pool, pooled ? 'pooled' : 'plain', checkpoint);
  const { family, controlnet } = checkpoint;
  expect(networks.pooled).toBe(pooled);
  const random = new TorchGenerator(1);
  const draw = (dims: readonly number[]): Tensor => ({ dims, data: random.randn(dims) });
  const input = {
    sample: draw([2, family.latentChannels, 12, 20]),
    timestep: { dims: [2], data: Float32Array.of(10, 900) },
    conditioning: { context: draw([2, 77, family.contextWidth]) },
  };
  const points = injectionPoints(controlnet.config).length;
  const scale = { dims: [2, points], data: new Float32Array(2 * points).fill(0.8) };
  return await networks.residuals(input, draw([2, family.blockChannels[0]!, 12, 20]), scale, null);
}

describe('a ControlNet whose residuals are means over the picture', () => {
  it('gives constant planes of the size of every injection point, with the mean of the residual', async () => {
    const [plain, pooled] = [await residuals(false), await residuals(true)];
    for (const [point, { dims, data }] of plain.entries()) {
      expect(pooled[point]?.dims).toEqual(dims);
      const cells = (dims[2] ?? 0) * (dims[3] ?? 0);
      for (let plane = 0; plane < data.length / cells; plane++) {
        const mean = data.subarray(plane * cells, (plane + 1) * cells).reduce((sum, value) => sum + value, 0) / cells;
        const spread = pooled[point]?.data.subarray(plane * cells, (plane + 1) * cells) ?? [];
        expect(Math.max(...spread) - Math.min(...spread)).toBe(0);
        expect(spread[0]).toBeCloseTo(mean, 4);
      }
    }
  });
});
