import { expect, test } from 'vitest';
import { openClipRules, splitFusedAttention } from '../../src/weights/key-maps/clip.ts';
import { ldmLayersPerBlock, ldmUNetRules } from '../../src/weights/key-maps/ldm-unet.ts';
import { oldVaeAttentionRules } from '../../src/weights/key-maps/ldm-vae.ts';
import { rename } from '../../src/weights/key-maps/rename.ts';
import { openSafetensors, readTensor } from '../../src/weights/safetensors/safetensors.ts';
import { weightsOf } from '../../src/weights/layouts/weights.ts';
import { buildTextEncoder } from '../../src/graph/compiler/index.ts';
import { openBaseCheckpoint } from '../../src/weights/checkpoint.ts';
import { inferTextEncoderConfig } from '../../src/weights/configs/infer.ts';
import { parseTextEncoderConfig } from '../../src/weights/configs/text-encoder-config.ts';
import { networkSettings, settingsOf, sourceOf } from '../graph/golden-formats.ts';
import { GoldenModel, runOnce } from '../graph/golden-model.ts';
import { goldenJson, goldenPath, maxAbsDifference } from '../support/golden.ts';

const prefix = 'model.diffusion_model.';

test('every name of the UNet of SD 1.5', () => {
  const pairs = Object.entries(goldenJson<Record<string, string>>('formats', 'key_map_unet_sd15.json'));
  const names = new Set(pairs.map(([, ldm]) => ldm.slice(prefix.length)));
  const rules = ldmUNetRules(ldmLayersPerBlock((name) => names.has(name)));
  expect(pairs.length).toBe(686);
  for (const [diffusers, ldm] of pairs) expect(rename(ldm.slice(prefix.length), rules), ldm).toBe(diffusers);
});

test.each([
  ['unet', 'unet', 'diffusion_pytorch_model'],
  ['vae', 'vae', 'diffusion_pytorch_model'],
  ['text_encoder', 'text_encoder', 'model'],
] as const)('the %s of a single file is bit for bit that of the folder', async (part, folder, name) => {
  const model = sourceOf('sd15-tiny-ldm.safetensors');
  const path = goldenPath('formats', 'sd15-tiny-ldm.safetensors');
  const checkpoint = await openBaseCheckpoint(path, settingsOf(model));
  const expected = await openSafetensors(goldenPath(...model, folder, `${name}.safetensors`));
  const single = await openSafetensors(goldenPath('formats', 'sd15-tiny-ldm.safetensors'));
  const names = new Map([...single.tensors].map(([tensor, entry]) => [entry.byteOffset, tensor]));
  const { weights } = part === 'text_encoder' ? checkpoint.textEncoders[0] : checkpoint[part];
  const used = [...expected.tensors.keys()].filter((tensor) => !tensor.endsWith('position_ids'));
  expect([...weights.keys()].toSorted()).toEqual(used.toSorted());
  for (const tensor of used) {
    const original = names.get(weights.get(tensor)?.byteOffset ?? -1) ?? '';
    const [actual, whole] = [await readTensor(single, original), await readTensor(expected, tensor)];
    expect(Buffer.compare(Buffer.from(actual.buffer), Buffer.from(whole.buffer)), tensor).toBe(0);
  }
});

test("OpenCLIP's text encoder in a single file of SD 2.x, whose last layer is not used", async () => {
  const file = await openSafetensors(goldenPath('formats', 'sd21-tiny-openclip.safetensors'));
  const weights = splitFusedAttention(weightsOf([file], openClipRules, 'cond_stage_model.model.'));
  const inferred = inferTextEncoderConfig(weights, file.name, 'openclip');
  const source = sourceOf('sd21-tiny-openclip.safetensors');
  const { num_hidden_layers, hidden_act } = goldenJson<Record<string, unknown>>(...source, 'config.json');
  expect(inferred).toMatchObject({ num_hidden_layers, hidden_act });
  const raw = { ...inferred, ...networkSettings('text_encoder', source) };
  const part = { config: parseTextEncoderConfig(raw, file.name), weights, weightsFolder: file.folder };
  const golden = new GoldenModel(source[1]!);
  const { context } = await runOnce(buildTextEncoder(part), { input_ids: golden.integers('te/input_ids') });
  expect(maxAbsDifference(context?.data ?? [], golden.tensor('te/last_hidden_state').data)).toBeLessThan(2e-5);
});

test("the autoencoder's attention under the names of old diffusers versions", () => {
  const old = (part: string): string | null => rename(`decoder.mid_block.attentions.0.${part}`, oldVaeAttentionRules);
  expect(old('query.weight')).toBe('decoder.mid_block.attentions.0.to_q.weight');
  expect(old('proj_attn.bias')).toBe('decoder.mid_block.attentions.0.to_out.0.bias');
  expect(old('to_k.weight')).toBe('decoder.mid_block.attentions.0.to_k.weight');
});
