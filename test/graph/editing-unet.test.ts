import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildUNet, injectionPoints } from '../../src/graph/compiler/index.ts';
import { configSource, readConfig } from '../../src/weights/configs/raw-config.ts';
import { parseUNetConfig } from '../../src/weights/configs/unet-config.ts';
import { folderOf, sameNames, weightsOf } from '../../src/weights/layouts/weights.ts';
import { openNetworkFolder } from '../../src/weights/safetensors/weight-files.ts';
import { floats, goldenArrays, goldenPath, maxAbsDifference } from '../support/golden.ts';
import { runOnce } from './golden-model.ts';

const folder = goldenPath('adapters', 'pix2pix', 'unet');

/** Another set of references may be made without it. */
describe.skipIf(!existsSync(folder))('a UNet that is shown a picture beside the latents', () => {
  it('computes what diffusers does, in channels of its own', async () => {
    const path = join(folder, 'config.json');
    const config = parseUNetConfig(await readConfig(path), configSource(path));
    const files = await openNetworkFolder(folder);
    const part = { config, weights: weightsOf(files, sameNames), weightsFolder: folderOf(files) };
    const arrays = goldenArrays('adapters', 'pix2pix', 'golden.safetensors');
    const given = (name: string) => ({ dims: arrays.get(name)!.dims, data: floats(arrays, name) });
    const none = { dims: [1, 1, 1, 1], data: new Float32Array(1) };
    const { dims, data } = arrays.get('timestep')!;
    const { out } = await runOnce(buildUNet(part), {
      sample: given('sample'),
      timestep: { dims, data: Float32Array.from(data as ArrayLike<number>, Number) },
      encoder_hidden_states: given('encoder_hidden_states'),
      ...Object.fromEntries(injectionPoints(config).map((_, point) => [`residual.${point}`, none])),
    });
    expect(config.inChannels).toBe(2 * config.outChannels);
    expect(maxAbsDifference(out!.data, floats(arrays, 'out'))).toBeLessThanOrEqual(5e-5);
  });
});
