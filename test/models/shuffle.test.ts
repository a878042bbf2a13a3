import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { openLibrary } from '../../src/models/library.ts';
import { type ControlNetModel, findControlNet } from '../../src/generation/models/controlnet.ts';
import { expectDrawn } from '../weights/single-files/drawing.ts';
import { ldmUNetRules } from '../../src/weights/key-maps/ldm-unet.ts';
import { rename } from '../../src/weights/key-maps/rename.ts';
import { renamed, smallBase, smallControlNet } from '../weights/single-files/small-models.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';
import { writeSafetensors } from '../weights/write-safetensors.ts';
import { findBase } from '../../src/generation/models/base.ts';
import { setType } from '../../src/models/tell.ts';

const root = temporaryFolder();
const models = join(root, 'models');
const options = { conditions: ['canny', 'shuffle'], typesFile: join(root, 'armature.json') };

beforeEach(() => {
  rmSync(models, { recursive: true, force: true });
  rmSync(options.typesFile, { force: true });
  mkdirSync(models, { recursive: true });
  writeSafetensors(join(models, 'base.safetensors'), smallBase());
});

async function drawn(reference: string, model: ControlNetModel, type: string): Promise<void> {
  const library = await openLibrary([models], options);
  await expectDrawn(reference, await library.find(findBase, 'base'), { model, type });
}

it('a single file is pooled once its type is shuffle, or where it is used as one and nobody has said its type', async () => {
  writeSafetensors(join(models, 'net.safetensors'), smallControlNet());
  const library = await openLibrary([models], options);
  const untyped = await library.find(findControlNet, 'net');
  await drawn('controlnet', untyped, 'canny');
  await drawn('controlnet-pooled', untyped, 'shuffle');
  await drawn('controlnet-pooled', (await setType(library, 'net', 'shuffle')) as ControlNetModel, 'shuffle');
  await drawn('controlnet', (await setType(library, 'net', 'canny')) as ControlNetModel, 'canny');
});

it('a single file is pooled, too, where a config of the original code beside it says so', async () => {
  writeSafetensors(join(models, 'net.safetensors'), smallControlNet());
  const yaml = 'model:\n  target: cldm.cldm.ControlLDM\n  params:\n    global_average_pooling: True\n';
  writeFileSync(join(models, 'net.yaml'), yaml);
  const library = await openLibrary([models], options);
  await drawn('controlnet-pooled', (await setType(library, 'net', 'canny')) as ControlNetModel, 'canny');
});

it.each([
  [true, 'canny', 'controlnet-pooled'],
  [false, 'shuffle', 'controlnet'],
] as const)('global_pool_conditions %s of a config is followed, whatever the type', async (pooled, type, reference) => {
  const folder = join(models, 'net');
  mkdirSync(folder);
  const config = {
    _class_name: 'ControlNetModel',
    block_out_channels: [32, 64],
    cross_attention_dim: 64,
    down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
    global_pool_conditions: pooled,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeSafetensors(
    join(folder, 'diffusion_pytorch_model.safetensors'),
    renamed(smallControlNet(), (name) => rename(name.replace('control_model.', ''), ldmUNetRules(2))),
  );
  const library = await openLibrary([models], options);
  const { rejected } = await library.list();
  expect(rejected).toEqual([]);
  await drawn(reference, (await setType(library, 'net', type)) as ControlNetModel, type);
});
