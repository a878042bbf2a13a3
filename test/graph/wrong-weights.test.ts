import { describe, expect, test } from 'vitest';
import {
  buildControlNet,
  buildHintEncoder,
  buildTextEncoder,
  buildUNet,
  buildVaeDecoder,
  buildVaeEncoder,
  type NetworkPart,
} from '../../src/graph/compiler/index.ts';
import { openBaseCheckpoint, openControlNetCheckpoint } from '../../src/weights/checkpoint.ts';
import { goldenPath } from '../support/golden.ts';

const {
  unet,
  vae,
  textEncoders: [textEncoder],
} = await openBaseCheckpoint(goldenPath('models', 'sd15-tiny'));
const { controlnet } = await openControlNetCheckpoint(goldenPath('models', 'sd15-tiny', 'controlnet-a'));

const builds = {
  UNet: (change: Change) => buildUNet(change(unet)),
  ControlNet: (change: Change) => buildControlNet(change(controlnet)),
  'hint encoder': (change: Change) => buildHintEncoder(change(controlnet)),
  'text encoder': (change: Change) => buildTextEncoder(change(textEncoder)),
  'VAE decoder': (change: Change) => buildVaeDecoder(change(vae)),
  'VAE encoder': (change: Change) => buildVaeEncoder(change(vae)),
};
type Change = <Config>(part: NetworkPart<Config>) => NetworkPart<Config>;

/** A convolution, a linear layer, a norm, a layer that is stored as two halves, and a table. */
const cases: readonly (readonly [keyof typeof builds, string])[] = [
  ['UNet', 'down_blocks.1.resnets.0.conv1.weight'],
  ['UNet', 'down_blocks.0.attentions.0.transformer_blocks.0.ff.net.0.proj.weight'],
  ['UNet', 'mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight'],
  ['UNet', 'conv_norm_out.bias'],
  ['ControlNet', 'controlnet_mid_block.weight'],
  ['hint encoder', 'controlnet_cond_embedding.conv_out.bias'],
  ['text encoder', 'text_model.embeddings.token_embedding.weight'],
  ['VAE decoder', 'decoder.mid_block.attentions.0.to_q.weight'],
  ['VAE encoder', 'quant_conv.weight'],
];

const all = { UNet: unet, ControlNet: controlnet, 'hint encoder': controlnet, 'text encoder': textEncoder };
const partOf = (network: keyof typeof builds): NetworkPart<unknown> =>
  ({ ...all, 'VAE decoder': vae, 'VAE encoder': vae })[network];

describe.each(cases)('%s, %s', (network, weight) => {
  const ref = partOf(network).weights.get(weight);
  const shape = `[${ref?.shape.join(', ')}]`;

  test('that is missing: the message says which layer expected what', () => {
    const without: Change = (part) => ({
      ...part,
      weights: new Map([...part.weights].filter(([name]) => name !== weight)),
    });
    expect(() => builds[network](without)).toThrow(
      expect.objectContaining({
        code: 'model_invalid',
        message: `Expected shape ${shape} for weight ${weight} of the ${network} but the model has no such weight.`,
      }),
    );
  });

  test('of another shape: the message says what the file has', () => {
    const other = (ref?.shape ?? []).map((size, axis) => (axis === 0 ? size + 2 : size));
    const changed: Change = (part) => ({
      ...part,
      weights: new Map(
        [...part.weights].map(([name, found]) => [name, name === weight ? { ...found, shape: other } : found]),
      ),
    });
    expect(() => builds[network](changed)).toThrow(
      expect.objectContaining({
        code: 'model_invalid',
        message: `Expected shape ${shape} for weight ${weight} of the ${network} but ${ref?.file} has [${other.join(', ')}].`,
      }),
    );
  });
});
