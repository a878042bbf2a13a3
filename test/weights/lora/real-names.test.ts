import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openBaseCheckpoint } from '../../../src/weights/checkpoint.ts';
import { openLoraFile } from '../../../src/weights/lora/lora-file.ts';
import { loraTargets } from '../../../src/weights/lora/lora-targets.ts';
import { matchLora } from '../../../src/weights/lora/match-lora.ts';
import { smallModelPath } from '../../support/golden.ts';
import { float32Tensor, writeSafetensors } from '../write-safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'armature-lora-names-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const query = 'down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q';
const kohya = (name: string) => [`lora_unet_${name}.lora_down.weight`, `lora_unet_${name}.lora_up.weight`] as const;
const peft = (name: string, adapter: string) =>
  [`${name}.lora_A.${adapter}.weight`, `${name}.lora_B.${adapter}.weight`] as const;

it.each<[down: string, up: string, layer: string]>([
  [...kohya('label_emb_0_0'), 'add_embedding.linear_1'],
  [...kohya('time_embed_0'), 'time_embedding.linear_1'],
  [...kohya('input_blocks_0_0'), 'conv_in'],
  [...kohya('out_2'), 'conv_out'],
  [...kohya('add_embedding_linear_1'), 'add_embedding.linear_1'],
  [...kohya('time_embedding_linear_1'), 'time_embedding.linear_1'],
  [...kohya('conv_in'), 'conv_in'],
  [...kohya('conv_out'), 'conv_out'],
  [...peft(`base_model.model.${query}`, 'default'), query],
  [...peft(`unet.${query}`, 'default_0'), query],
])('a layer of SDXL that real files call %s is found', async (down, up, layer) => {
  const base = await openBaseCheckpoint(smallModelPath('models', 'sdxl-tiny'));
  const [outputs = 0, inputs = 0, ...kernel] = base.unet.weights.get(`${layer}.weight`)!.shape;
  const path = join(folder, 'lora.safetensors');
  const shapes: Readonly<Record<string, readonly number[]>> = {
    [down]: [2, inputs, ...kernel],
    [up]: [outputs, 2, ...kernel.map(() => 1)],
  };
  writeSafetensors(
    path,
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => {
        return [name, float32Tensor(shape, Array<number>(shape.reduce((all, size) => all * size, 1)).fill(1))];
      }),
    ),
  );
  const { deltas, unmatched } = await matchLora(await openLoraFile(path), loraTargets(base), 'sdxl-tiny');
  expect(unmatched).toEqual([]);
  expect([...deltas.unet.keys()]).toEqual([`${layer}.weight`]);
});
