import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { embeddedTokenizer } from '../../src/config/package-files.ts';
import { conditionIds } from '../../src/conditions/registry.ts';
import { ModelNetworks } from '../../src/device/model-networks.ts';
import { findBase } from '../../src/generation/models/base.ts';
import { findLora } from '../../src/generation/models/lora.ts';
import { openLibrary } from '../../src/models/library.ts';
import { besideEachOther } from '../../src/pipeline/conditioning/added.ts';
import { stackConditionings } from '../../src/pipeline/conditioning/conditioning.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { openSafetensors } from '../../src/weights/safetensors/safetensors.ts';
import { CounterRandom } from '../../src/numeric/counter-random.ts';
import { maxAbsDifference, smallModelPath } from '../support/golden.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';
import { trainSmall, writePairs } from './small-training.ts';

const folder = temporaryFolder();
const request = {
  kind: 'lora',
  steps: 6,
  batch: 2,
  learning_rate: 0.02,
  resolution: [64, 64],
  rank: 4,
  alpha: 2,
  targets: ['attention', 'mlp'],
  trigger_word: 'sks',
  name: 'square',
};

describe('a LoRA that is trained beside a small model', () => {
  const model = 'sd15-tiny';
  const layer = 'lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q';
  const output = join(folder, 'lora');
  beforeAll(async () => {
    await trainSmall({ data: await writePairs(join(folder, 'pairs')), output, request });
  });

  test("has kohya's names with alpha, and says what it is for in a short header", async () => {
    const file = await openSafetensors(join(output, 'square.safetensors'));
    expect(file.tensors.get(`${layer}.lora_down.weight`)?.shape[0]).toBe(4);
    expect(file.tensors.get(`${layer}.alpha`)?.shape).toEqual([]);
    expect(file.tensors.get(`${layer}.lora_up.weight`)?.dtype).toBe('F16');
    expect(file.header.length).toBeLessThan(2 ** 20);
    expect(file.metadata).toMatchObject({
      ss_v2: 'False',
      ss_base_model_version: 'sd_v1',
      ss_network_module: 'networks.lora',
      ss_network_dim: '4',
      ss_network_alpha: '2',
      ss_network_args: 'None',
      ss_output_name: 'square',
      'modelspec.trigger_phrase': 'sks',
      'modelspec.architecture': 'stable-diffusion-v1/lora',
    });
  });

  test('acts alike in both files, and at scale 0 not at all', async () => {
    const library = await openLibrary([smallModelPath('models', model), output], { conditions: conditionIds });
    const base = await library.find(findBase, model);
    const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
    const networks = new ModelNetworks(pool, embeddedTokenizer);
    const random = new CounterRandom(1);
    const drawn = async (id: string, scale: number): Promise<Float32Array> => {
      const lora = await library.find(findLora, id);
      const open = await networks.openBase(base, [
        { model: lora, scale, textEncoderScale: scale, applied: 'branches' },
      ]);
      const sample = { dims: [1, 4, 8, 8], data: random.normals([0, 0, 0], 256) };
      const conditioning = await meaning(open);
      const steering = { residuals: none(open.networks.injectionPoints), features: [], imageTokens: [] };
      const timestep = { dims: [1], data: Float32Array.of(500) };
      return (await open.networks.denoise({ sample, timestep, conditioning }, steering, [open.branches])).data;
    };
    const plain = await drawn('square', 0);
    const [kohya, diffusers] = [await drawn('square', 1), await drawn('square-diffusers', 1)];
    expect(maxAbsDifference(kohya, plain)).toBeGreaterThan(1e-3);
    expect(maxAbsDifference(kohya, diffusers)).toBeLessThan(2e-3 * maxAbsDifference(kohya, plain));
    await pool.release();
  });
});

type Open = Awaited<ReturnType<ModelNetworks['openBase']>>;

const none = (points: number) =>
  Array.from({ length: points }, () => ({ dims: [1, 1, 1, 1], data: new Float32Array(1) }));

async function meaning(open: Open) {
  const parts = [];
  for (const encoder of open.encoders)
    parts.push(await encoder.encode(encoder.tokenizer.tokenize('sks square').ids, 0));
  return stackConditionings([besideEachOther(parts)]);
}
