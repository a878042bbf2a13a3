import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { misfit } from '../../src/generation/models/controlnet.ts';
import { openLibrary } from '../../src/models/library.ts';
import { smallModelPath } from '../support/golden.ts';
import { makeRefinerFolder } from '../support/refiner-folder.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';

const models = join(temporaryFolder(), 'models');
const model = join(models, 'large');
beforeEach(() => {
  rmSync(models, { recursive: true, force: true });
  mkdirSync(models, { recursive: true });
  cpSync(smallModelPath('models', 'sdxl-tiny'), model, { recursive: true });
});

const list = async () => await (await openLibrary([models], { conditions: ['canny'] })).list();

function change(path: string, changes: Record<string, unknown>): void {
  const config = JSON.parse(readFileSync(join(model, path), 'utf8')) as Record<string, unknown>;
  writeFileSync(join(model, path), JSON.stringify({ ...config, ...changes }));
}

describe('a model of SDXL', () => {
  it('is listed with its ControlNet, which fits no model of another width', async () => {
    cpSync(smallModelPath('models', 'sd15-tiny'), join(models, 'small'), { recursive: true });
    const { bases, controlNets, rejected } = await list();
    expect(rejected).toEqual([]);
    const large = bases.find(({ id }) => id === 'large')!;
    const small = bases.find(({ id }) => id === 'small')!;
    expect(large).toMatchObject({
      added: { textWidth: 16, zeroNegative: true, refines: false },
      textLayers: 3,
      latentScale: 8,
    });
    expect(small.added).toBeNull();
    const own = controlNets.find(({ bundledWith }) => bundledWith === 'large')!;
    expect(misfit(large, own)).toBeNull();
    expect(misfit(small, own)).toMatch(/does not fit|context width/);
  });

  it.each([
    [true, {}],
    [false, { force_zeros_for_empty_prompt: false }],
    [true, { force_zeros_for_empty_prompt: undefined }],
  ])('zeroes an absent negative prompt: %s with %o', async (zeroNegative, index) => {
    change('model_index.json', index);
    expect((await list()).bases[0]?.added).toEqual({ textWidth: 16, zeroNegative, refines: false });
  });

  it.each([
    [
      'a UNet that takes another pooled text',
      'text_encoder_2/config.json',
      { projection_dim: 21 },
      /projection|pooled/,
    ],
    ['no room for sizes', 'unet/config.json', { projection_class_embeddings_input_dim: 20 }, /pooled text/],
    ['text encoders of other widths', 'unet/config.json', { cross_attention_dim: 16 }, /of width 16 .* 16 and 24/],
  ])('is refused with %s', async (_, path, changes, reason) => {
    change(path, changes);
    const { bases, rejected } = await list();
    expect(bases).toEqual([]);
    expect(rejected.map(({ detail }) => detail)).toEqual([expect.stringMatching(reason)]);
  });

  it('that has one text encoder and is told a score is a refiner, which no ControlNet fits', async () => {
    makeRefinerFolder(join(models, 'refiner'));
    const { bases, controlNets, rejected } = await list();
    expect(rejected).toEqual([]);
    const refiner = bases.find(({ id }) => id === 'refiner')!;
    expect(refiner).toMatchObject({ added: { textWidth: 24, zeroNegative: false, refines: true }, task: 'drawing' });
    expect(misfit(refiner, controlNets[0]!)).not.toBeNull();
  });

  it('is refused without its second text encoder', async () => {
    rmSync(join(model, 'text_encoder_2'), { recursive: true });
    const { bases, rejected } = await list();
    expect(bases).toEqual([]);
    expect(rejected[0]?.detail).toMatch(/expected a text encoder with a projection/);
  });
});
