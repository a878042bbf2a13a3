import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BaseModel, findBase } from '../../src/generation/models/base.ts';
import type { PlannedLora } from '../../src/generation/plan.ts';
import { type ModelLibrary, openLibrary } from '../../src/models/library.ts';
import { openBaseCheckpoint } from '../../src/weights/checkpoint.ts';
import { planFor } from '../support/draw-request.ts';
import { smallModelPath } from '../support/golden.ts';
import { float32Tensor, writeSafetensors } from '../weights/write-safetensors.ts';
import { findLora } from '../../src/generation/models/lora.ts';
import { setPrediction } from '../../src/models/tell.ts';

const folder = mkdtempSync(join(tmpdir(), 'armature-lora-fits-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let library: ModelLibrary;
let base: BaseModel;

const text = 'lora_te_text_model_encoder_layers_0_self_attn_q_proj';
const unet = 'lora_unet_mid_block_attentions_0_proj_in';

function put(name: string, layers: Readonly<Record<string, number>>): void {
  const tensors = Object.entries(layers).flatMap(([layer, width]) => [
    [`${layer}.lora_down.weight`, float32Tensor([1, width], new Float32Array(width))] as const,
    [`${layer}.lora_up.weight`, float32Tensor([width, 1], new Float32Array(width))] as const,
  ]);
  writeSafetensors(join(folder, `${name}.safetensors`), Object.fromEntries(tensors));
}

beforeAll(async () => {
  cpSync(smallModelPath('models', 'sd15-tiny'), join(folder, 'tiny'), { recursive: true });
  put('all', { [text]: 24, [unet]: 16 });
  put('text', { [text]: 24 });
  put('none', { lora_unet_mid_block_attentions_3_proj_in: 16 });
  const many = Array.from({ length: 7 }, (_, index) => [`lora_unet_mid_block_attentions_${index + 1}_proj_in`, 16]);
  put('some', { [unet]: 16, ...(Object.fromEntries(many) as Record<string, number>) });
  library = await openLibrary([folder], { conditions: [] });
  base = await library.find(findBase, 'tiny');
});

async function remarks(id: string, scales: Partial<PlannedLora> = {}): Promise<readonly string[]> {
  const models = await library.list();
  const { hash } = await library.find(findLora, id);
  const loras = [{ model: { id, hash }, scale: 1, textEncoderScale: 1, ...scales }];
  const { warnings } = await library.settle(planFor(base, { loras }), models);
  return warnings;
}

describe('what there is to say of a LoRA and a base model', () => {
  it('is nothing where all of it acts, and where a plan has none', async () => {
    expect(await remarks('all')).toEqual([]);
    expect(await remarks('all', { scale: 0 })).toEqual([]);
    expect(await remarks('all', { textEncoderScale: 0 })).toEqual([]);
    const plan = planFor(base);
    expect(await library.settle(plan, await library.list())).toEqual({ plan, warnings: [] });
  });

  it('is how many layers the model does not have, with the first of them', async () => {
    const name = (index: number): string => `unet: mid_block_attentions_${index}_proj_in`;
    expect(await remarks('some')).toEqual([
      `loras[0] (some) has 7 of 8 layers that the model tiny does not have, which do not act: ${[1, 2, 3, 4, 5].map(name).join(', ')} and 2 more.`,
    ]);
  });

  it('is that it does not act, where the scale of all that it changes is 0', async () => {
    expect(await remarks('text', { textEncoderScale: 0 })).toEqual([
      'loras[0] (text) changes the text encoder alone, and its text_encoder_scale is 0: it does not act.',
    ]);
    expect(await remarks('text', { scale: 0 })).toEqual([]);
    // That all of it is off is said of the plan.
    expect(await remarks('text', { scale: 0, textEncoderScale: 0 })).toEqual([]);
  });

  it('is nothing where the user says what a model predicts whose files say what is not known', async () => {
    const other = join(folder, '.others');
    cpSync(smallModelPath('models', 'sd15-tiny'), join(other, 'rescued'), { recursive: true });
    cpSync(join(folder, 'all.safetensors'), join(other, 'all.safetensors'));
    const config = join(other, 'rescued', 'scheduler', 'scheduler_config.json');
    const said = JSON.parse(readFileSync(config, 'utf8')) as object;
    writeFileSync(config, JSON.stringify({ ...said, prediction_type: 'mystery' }));
    const others = await openLibrary([other], { conditions: [], typesFile: join(folder, '.said.json') });
    const rescued = await setPrediction(others, 'rescued', { type: 'epsilon' });
    const { hash } = await others.find(findLora, 'all');
    const loras = [{ model: { id: 'all', hash }, scale: 1, textEncoderScale: 1 }];
    const plan = planFor(rescued, { loras });
    expect((await others.settle(plan, await others.list())).warnings).toEqual([]);
  });

  it('is that it does not fit, each time', async () => {
    for (const _ of [1, 2]) {
      await expect(remarks('none')).rejects.toMatchObject({
        code: 'incompatible_lora',
        field: 'loras[0].model',
        choices: ['all', 'some', 'text'],
      });
    }
  });

  it('is what the file says now, where it was replaced', async () => {
    put('text', { lora_te_text_model_encoder_layers_9_self_attn_q_proj: 24 });
    await library.list();
    await expect(remarks('text')).rejects.toMatchObject({ code: 'incompatible_lora' });
  });
});

describe('the way in which the LoRAs of a plan act', () => {
  async function ways(...named: readonly (readonly [id: string, scale: number])[]): Promise<readonly unknown[]> {
    const loras = await Promise.all(
      named.map(async ([id, scale]) => ({
        model: { id, hash: (await library.find(findLora, id)).hash },
        scale,
        textEncoderScale: scale,
      })),
    );
    const { plan } = await library.settle(planFor(base, { loras }), await library.list());
    return plan.loras!.map(({ applied }) => applied);
  }

  beforeAll(async () => {
    const difference = { [`${unet}.diff`]: float32Tensor([16, 16], new Float32Array(256)) };
    writeSafetensors(join(folder, 'whole.safetensors'), difference);
    const table = 'lora_te_text_model_embeddings_token_embedding';
    const { shape } = (await openBaseCheckpoint(base.path)).textEncoders[0].weights.get(
      'text_model.embeddings.token_embedding.weight',
    )!;
    writeSafetensors(join(folder, 'table.safetensors'), {
      [`${table}.lora_down.weight`]: float32Tensor([1, shape[1]!], new Float32Array(shape[1]!)),
      [`${table}.lora_up.weight`]: float32Tensor([shape[0]!, 1], new Float32Array(shape[0]!)),
    });
  });

  it('is beside the layers where all are products of low rank', async () => {
    expect(await ways(['all', 1], ['some', 0.5])).toEqual(['branches', 'branches']);
  });

  it('is merged for all where one is anything else, or changes no layer but a table', async () => {
    expect(await ways(['all', 1], ['whole', 1])).toEqual(['merged', 'merged']);
    expect(await ways(['table', 1])).toEqual(['merged']);
  });

  it('does not ask those that are off', async () => {
    expect(await ways(['whole', 0], ['all', 1])).toEqual(['branches', 'branches']);
  });
});
