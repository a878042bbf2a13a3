import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ControlNetModel, misfit } from '../../src/generation/models/controlnet.ts';
import type { ModelList } from '../../src/generation/models/model-list.ts';
import type { PlannedControl } from '../../src/generation/planned-control.ts';
import { openLibrary } from '../../src/models/library.ts';
import { openBaseCheckpoint, openControlNetOnBase } from '../../src/weights/checkpoint.ts';
import { planFor } from '../support/draw-request.ts';
import { smallModelPath } from '../support/golden.ts';
import { expectDrawn } from '../weights/single-files/drawing.ts';
import {
  emptyTensor,
  renamed,
  smallBase,
  smallControlNet,
  type Tensors,
  weightValues,
} from '../weights/single-files/small-models.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';
import { float32Tensor, writeSafetensors } from '../weights/write-safetensors.ts';
import { setPrediction, setType } from '../../src/models/tell.ts';

const root = temporaryFolder();
const models = join(root, 'models');
const options = { conditions: ['canny', 'shuffle'], typesFile: join(root, 'armature.json') };

beforeEach(() => {
  rmSync(models, { recursive: true, force: true });
  mkdirSync(join(models, 'of others'), { recursive: true });
  writeSafetensors(join(models, 'base.safetensors'), smallBase());
});

function controlOf({ controlNets }: ModelList, id: string): PlannedControl {
  const { hash } = controlNets.find((net) => net.id === id)!;
  const image = { key: 'k', width: 64, height: 64, mediaType: 'image/png' } as const;
  const source = { kind: 'map', image, data: null } as unknown as PlannedControl['source'];
  return { type: 'canny', model: { id, hash }, source, resize: 'crop', scale: 1, start: 0, end: 1, mode: 'balanced' };
}

/** Beside the base, or in a folder of its own. */
const places = [join(models, 'net.safetensors'), join(models, 'of others', 'net.safetensors')];

const withoutPrefix = (tensors: Tensors): Tensors => renamed(tensors, (name) => name.replace('control_model.', ''));

/** The small ControlNet as what its weights have more than the base's: every difference of matrices as that times the identity. */
function controlLora(): Tensors {
  const base = smallBase();
  const tensors: Tensors = { lora_controlnet: emptyTensor() };
  for (const [name, tensor] of Object.entries(withoutPrefix(smallControlNet()))) {
    const original = `model.diffusion_model.${name}`;
    const { shape } = tensor;
    if (base[original] === undefined || shape.length < 2) {
      tensors[name] = tensor;
      continue;
    }
    const module = name.replace(/\.weight$/, '');
    const [outputs = 0, ...rest] = shape;
    const columns = rest.reduce((all, size) => all * size, 1);
    const [own, of] = [weightValues(`control_model.${name}`, shape), weightValues(original, shape)];
    const difference = own.map((value, i) => value - of[i]!);
    const identity = Float32Array.from({ length: columns ** 2 }, (_, i) => (i % (columns + 1) === 0 ? 1 : 0));
    const kernel = shape.length === 4 ? [1, 1] : [];
    tensors[`${module}.up`] = float32Tensor([outputs, columns, ...kernel], difference);
    tensors[`${module}.down`] = float32Tensor([columns, ...rest], identity);
  }
  return tensors;
}

const methods: readonly (readonly [string, string, () => Tensors])[] = [
  ['difference', 'controlnet-difference', () => ({ ...smallControlNet(), difference: emptyTensor() })],
  ['difference', 'controlnet-difference', () => ({ ...withoutPrefix(smallControlNet()), difference: emptyTensor() })],
  ['control-LoRA', 'controlnet', controlLora],
];

describe.each(methods)('a ControlNet as a %s', (method, reference, tensors) => {
  it.each(places)('is found, fits, and draws as the whole of it does (%#)', async (path) => {
    writeSafetensors(path, tensors());
    const library = await openLibrary([models], options);
    const { bases, controlNets, rejected } = await library.list();
    expect(rejected).toEqual([]);
    expect(controlNets).toMatchObject([{ id: 'net', changes: method, type: null, layout: 'single-file' }]);
    expect(misfit(bases[0]!, controlNets[0]!)).toBeNull();
    await expectDrawn(reference, bases[0]!, { model: controlNets[0]!, type: 'canny' });
  });
});

describe('a ControlNet that changes the weights of a base model', () => {
  it('is averaged over the picture where it is one for shuffle', async () => {
    writeSafetensors(places[0]!, controlLora());
    const library = await openLibrary([models], options);
    await expectDrawn('controlnet-pooled', (await library.list()).bases[0]!, {
      model: (await setType(library, 'net', 'shuffle')) as ControlNetModel,
      type: 'shuffle',
    });
  });

  it('does not fit a base model of another family', async () => {
    writeSafetensors(places[0]!, controlLora());
    const library = await openLibrary([models, smallModelPath('models')], options);
    const { bases, controlNets } = await library.list();
    const net = controlNets.find(({ id }) => id === 'net')!;
    const fitting = bases.filter((base) => misfit(base, net) === null).map(({ id }) => id);
    expect(fitting).toEqual(['base']);
  });

  it('is refused on one that lacks a layer, with the layer', async () => {
    const { lora_controlnet: marker, ...others } = controlLora();
    const beyond = renamed(others, (name) =>
      name.startsWith('middle_block.1.') ? name.replace('_blocks.0.', '_blocks.7.') : name,
    );
    writeSafetensors(places[0]!, { ...beyond, lora_controlnet: marker! });
    const net = (await openControlNetOnBase(places[0]!))!;
    const base = await openBaseCheckpoint(join(models, 'base.safetensors'));
    expect(() => net.on(base, 'base')).toThrow(
      /control-LoRA\) changes the weight mid_block.*_blocks\.7\..*base model base has no such weight/,
    );
  });

  it('is refused before it is drawn with where it lacks a layer, with those that have them all', async () => {
    const { lora_controlnet: marker, ...others } = controlLora();
    const beyond = renamed(others, (name) =>
      name.startsWith('middle_block.1.') ? name.replace('_blocks.0.', '_blocks.7.') : name,
    );
    writeSafetensors(places[0]!, { ...beyond, lora_controlnet: marker! });
    writeSafetensors(join(models, 'other.safetensors'), controlLora());
    const library = await openLibrary([models], options);
    await setType(library, 'net', 'canny');
    await setType(library, 'other', 'canny');
    const list = await library.list();
    const settle = async (id: string) =>
      await library.settle(planFor(list.bases[0]!, { controls: [controlOf(list, id)] }), list);
    await expect(settle('net')).rejects.toMatchObject({
      code: 'incompatible_control',
      field: 'controls[0].model',
      choices: ['other'],
      message: expect.stringMatching(/mid_block.*_blocks\.7\..*base has no such weight/) as string,
    });
    expect((await settle('other')).warnings).toEqual([]);
  });

  it('fits one whose files say what is not known, where the user says what it predicts', async () => {
    writeFileSync(join(models, 'base.json'), '{"prediction_type": "mystery"}');
    writeSafetensors(places[0]!, controlLora());
    const library = await openLibrary([models], options);
    await setPrediction(library, 'base', { type: 'epsilon' });
    await setType(library, 'net', 'canny');
    const list = await library.list();
    const plan = planFor(list.bases[0]!, { controls: [controlOf(list, 'net')] });
    expect((await library.settle(plan, list)).warnings).toEqual([]);
  });

  it.each(['input_hint_block.2.weight', 'zero_convs.1.0.bias', 'middle_block_out.0.weight'])(
    'is refused before it is drawn with where its own %s is missing',
    async (missing) => {
      const { lora_controlnet: marker, ...others } = controlLora();
      const left = renamed(others, (name) => (name === missing ? null : name));
      expect(Object.keys(left)).toHaveLength(Object.keys(others).length - 1);
      writeSafetensors(places[0]!, { ...left, lora_controlnet: marker! });
      const library = await openLibrary([models], options);
      const list = await library.list();
      const refused =
        list.rejected[0]?.detail ??
        (await library.settle(planFor(list.bases[0]!, { controls: [controlOf(list, 'net')] }), list).then(
          () => 'nothing',
          (error: unknown) => String(error),
        ));
      expect(refused).toMatch(/controlnet_(?:cond_embedding|down_blocks|mid_block)/);
    },
  );

  it.each([
    [
      'one factor of a product',
      (name: string) => (name.endsWith('input_blocks.1.0.in_layers.2.up') ? null : name),
      /resnets\.0\.conv1\.up/,
    ],
    [
      'the other',
      (name: string) => (name.endsWith('input_blocks.1.0.in_layers.2.down') ? null : name),
      /resnets\.0\.conv1\.down/,
    ],
  ])('is refused when it is found without %s', async (_, change, reason) => {
    const { lora_controlnet: marker, ...others } = controlLora();
    writeSafetensors(places[0]!, { ...renamed(others, change), lora_controlnet: marker! });
    const { rejected } = await (await openLibrary([models], options)).list();
    expect(rejected).toMatchObject([{ id: 'net', detail: expect.stringMatching(reason) as string }]);
  });

  it('is refused when it is found with a layer both whole and as a product', async () => {
    const tensors = controlLora();
    const [own, up] = ['input_blocks.1.0.in_layers.2.weight', 'input_blocks.1.0.in_layers.2.up'];
    writeSafetensors(places[0]!, { ...tensors, [own]: tensors[up]! });
    const { rejected } = await (await openLibrary([models], options)).list();
    expect(rejected).toMatchObject([
      { id: 'net', detail: expect.stringContaining('both whole and as a product') as string },
    ]);
  });

  it('is refused without its zero convolutions', async () => {
    writeSafetensors(
      places[0]!,
      renamed(controlLora(), (name) => (name.startsWith('zero_convs.2.') ? null : name)),
    );
    const { rejected } = await (await openLibrary([models], options)).list();
    expect(rejected).toMatchObject([
      { id: 'net', detail: expect.stringContaining('controlnet_down_blocks.') as string },
    ]);
  });
});
