import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openBaseCheckpoint, openControlNetCheckpoint } from '../../src/weights/checkpoint.ts';
import { parseControlNetConfig } from '../../src/weights/configs/controlnet-config.ts';
import { writeControlNetConfig } from '../../src/weights/configs/write-controlnet-config.ts';
import { ldmUNetNames } from '../../src/weights/key-maps/ldm-unet-names.ts';
import { ldmUNetRules } from '../../src/weights/key-maps/ldm-unet.ts';
import { rename } from '../../src/weights/key-maps/rename.ts';
import { newControlNet } from '../../src/weights/layouts/new-controlnet.ts';
import { decodeFloats } from '../../src/weights/safetensors/floats.ts';
import { encodeFloat16s } from '../../src/weights/safetensors/float16.ts';
import { openSafetensors, readTensor } from '../../src/weights/safetensors/safetensors.ts';
import { writeSafetensors } from '../../src/weights/safetensors/write-safetensors.ts';
import { arraysOf, smallModelPath } from '../support/golden.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const small = ['sd15-tiny', 'sdxl-tiny'] as const;

const decoded = (halves: Uint16Array): Float32Array => decodeFloats('F16', new Uint8Array(halves.buffer));
const finite = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00);

describe('binary16', () => {
  test('of what is one already is that', () => {
    expect(encodeFloat16s(decoded(finite))).toEqual(finite);
  });

  test('is the nearest, and of two that are equally near the even one', () => {
    const positive = finite.filter((bits) => bits < 0x7bff);
    const [here, next] = [decoded(positive), decoded(positive.map((bits) => bits + 1))];
    const between = (share: number): Uint16Array =>
      encodeFloat16s(here.map((value, index) => value + share * ((next[index] as number) - value)));
    expect(between(0.49)).toEqual(positive);
    expect(between(0.51)).toEqual(positive.map((bits) => bits + 1));
    expect(between(0.5)).toEqual(positive.map((bits) => bits + (bits & 1)));
  });

  test('is infinite beyond the largest, and no number where there was none', () => {
    const bits = [...encodeFloat16s(new Float32Array([65519, -65520, 1e30, Number.NaN, -0, 1e-10]))];
    expect(bits).toEqual([0x7bff, 0xfc00, 0x7c00, 0x7e00, 0x8000, 0]);
  });
});

describe('a written file', () => {
  test('is read again as what it is, with its texts', async () => {
    const path = join(folder, 'some.safetensors');
    const tensors = new Map([
      ['b', { dims: [2, 2], data: new Float32Array([1, -2, 0.5, 3e-5]) }],
      ['a', { dims: [], data: new Float32Array([8]).subarray(0, 1) }],
    ]);
    for (const format of ['F16', 'F32'] as const) {
      await writeSafetensors(path, tensors, { format, metadata: { ss_network_dim: '8' } });
      const file = await openSafetensors(path);
      expect([...file.tensors.keys()]).toEqual(['a', 'b']);
      expect(file.metadata).toEqual({ ss_network_dim: '8' });
      expect(file.header.length % 8).toBe(0);
      const tiny = format === 'F32' ? Math.fround(3e-5) : 503 * 2 ** -24;
      expect([...(await readTensor(file, 'b'))]).toEqual([1, -2, 0.5, tiny]);
      expect(file.tensors.get('a')?.shape).toEqual([]);
    }
  });
});

describe.each(small)('a new ControlNet for %s', (model) => {
  const opened = openBaseCheckpoint(smallModelPath('models', model));
  const trained = openControlNetCheckpoint(smallModelPath('models', model, 'controlnet-a'));
  const made = opened.then(({ unet }) => newControlNet(unet));
  const ones = (count: number): Float32Array => new Float32Array(count).fill(1);

  test('has the layers and the settings that diffusers gives one', async () => {
    const [{ part }, { controlnet }] = await Promise.all([made, trained]);
    expect({ ...part.config, hintChannels: [] }).toEqual({ ...controlnet.config, hintChannels: [] });
    const shapes = (weights: typeof part.weights): readonly string[] =>
      [...weights]
        .filter(([name]) => !name.startsWith('controlnet_cond_embedding'))
        .map(([name, { shape }]) => `${name} ${shape.join('x')}`)
        .toSorted();
    expect(shapes(part.weights)).toEqual(shapes(controlnet.weights));
    expect([...part.weights.keys()].toSorted()).toEqual([...controlnet.weights.keys()].toSorted());
  });

  test('begins as the base, changes nothing at first, and sees its map through layers that are spread as in torch', async () => {
    const { start, part } = await made;
    const base = arraysOf(smallModelPath('models', model, 'unet', 'diffusion_pytorch_model.safetensors'));
    const name = 'mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj.weight';
    expect(await start(name, ones)).toEqual(base.get(name)?.data);
    for (const zero of ['controlnet_down_blocks.3', 'controlnet_mid_block', 'controlnet_cond_embedding.conv_out']) {
      expect(new Set(await start(`${zero}.weight`, ones)), zero).toEqual(new Set([0]));
      expect(new Set(await start(`${zero}.bias`, ones)), zero).toEqual(new Set([0]));
    }
    const [first = 0] = part.config.hintChannels;
    const inner = 'controlnet_cond_embedding.blocks.0';
    expect((await start(`${inner}.weight`, ones))[0]).toBeCloseTo(1 / Math.sqrt(9 * first), 6);
    expect((await start(`${inner}.bias`, ones))[0]).toBeCloseTo(1 / Math.sqrt(9 * first), 6);
    expect(await start(`${inner}.bias`, ones)).toHaveLength(first);
  });

  test('has names of the original code that lead back to its own', async () => {
    const { part } = await made;
    const nameOf = ldmUNetNames(new Set([...part.weights.keys()].map((name) => name.replace(/\.[a-z]+$/, ''))));
    const rules = ldmUNetRules(part.config.layersPerBlock);
    for (const name of part.weights.keys()) {
      const [, module = '', kind = ''] = /^(.+)\.([a-z]+)$/.exec(name) ?? [];
      const ldm = `${nameOf(module)}.${kind}`;
      expect(rename(ldm, rules), ldm).toBe(name);
      expect(ldm).toMatch(
        /^(?:input_blocks|middle_block|middle_block_out|zero_convs|input_hint_block|time_embed|label_emb)\./,
      );
    }
  });
});

test('a narrow base has a narrow hint encoder, one of the usual width the published one', async () => {
  const { unet } = await openBaseCheckpoint(smallModelPath('models', 'sd15-tiny'));
  const hintOf = (width: number): readonly number[] => {
    const blockChannels = [width, 2 * width, 4 * width, 4 * width];
    return newControlNet({ ...unet, config: { ...unet.config, blockChannels } }).part.config.hintChannels;
  };
  expect([8, 32, 320].map(hintOf)).toEqual([
    [8, 8, 8, 8],
    [8, 8, 16, 32],
    [16, 32, 96, 256],
  ]);
});

test.each(['models/sd15-tiny/controlnet-a', 'models/sdxl-tiny/controlnet-a'])(
  'the settings of %s are read again as they were',
  async (name) => {
    const { controlnet } = await openControlNetCheckpoint(smallModelPath(...name.split('/')));
    const written = writeControlNetConfig(controlnet.config);
    expect(parseControlNetConfig(written, 'config.json')).toEqual(controlnet.config);
    const uneven = {
      ...controlnet.config,
      heads: controlnet.config.heads.map((heads, level) => (level === 0 ? 1 : heads)),
      middle: { kind: 'transformer', layers: 5 } as const,
    };
    expect(parseControlNetConfig(writeControlNetConfig(uneven), 'config.json').middle).toEqual(uneven.middle);
    expect(parseControlNetConfig(writeControlNetConfig(uneven), 'config.json').heads).toEqual(uneven.heads);
  },
);
