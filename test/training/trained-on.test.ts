import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { conditionIds } from '../../src/conditions/registry.ts';
import { findInit } from '../../src/generation/kinds/training/resolve.ts';
import { check } from '../../src/generation/parse.ts';
import { trainingRequest } from '../../src/generation/request/training.ts';
import { openLibrary } from '../../src/models/library.ts';
import type { InitialModel } from '../../src/training/training-tools.ts';
import { openControlNetCheckpoint } from '../../src/weights/checkpoint.ts';
import { openSafetensors, readFloats } from '../../src/weights/safetensors/safetensors.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';
import { smallModelPath } from '../support/golden.ts';
import { smallBase, trainSmall, writePairs } from './small-training.ts';

const folder = temporaryFolder();
const data = writePairs(join(folder, 'pairs'));
const network = 'diffusion_pytorch_model.safetensors';
const sizes = { resolution: [64, 64], steps: 2, learning_rate: 0.02, seed: 3 };
/** Far below what the numbers of a file can show. */
const still = { ...sizes, learning_rate: 1e-9 };
const controlNet = { kind: 'controlnet', condition: 'my-squares' };
const lora = { kind: 'lora', rank: 4, alpha: 2 };

const first = join(folder, 'first');
const factors = join(folder, 'factors');
const model = (path: string | null): InitialModel => ({ id: 'first', hash: '1', path });
const loraFile = join(factors, 'small.safetensors');

beforeAll(async () => {
  await trainSmall({ data: await data, output: first, request: { ...controlNet, ...sizes } });
  await trainSmall({ data: await data, output: factors, request: { ...lora, ...sizes } });
}, 120_000);

describe('a training that begins as a ControlNet', () => {
  test('has its weights, bit for bit, where nothing is moved', async () => {
    const output = join(folder, 'same');
    await trainSmall({ data: await data, output, request: { ...controlNet, ...still }, init: model(first) });
    expect(readFileSync(join(output, network)).equals(readFileSync(join(first, network)))).toBe(true);
    expect(readFileSync(join(output, 'README.md'), 'utf8')).toContain('| trained on from | first (1) |');
  });

  test('as it lies in one file too, and then learns from there', async () => {
    const output = join(folder, 'on');
    const init = model(first);
    await trainSmall({ data: await data, output, request: { ...controlNet, ...sizes }, init });
    expect(readFileSync(join(output, network)).equals(readFileSync(join(first, network)))).toBe(false);
    const zero = 'controlnet_mid_block.weight';
    const distance = async (path: string): Promise<number> => {
      const { controlnet } = await openControlNetCheckpoint(path);
      const numbers = await readFloats(path, controlnet.weights.get(zero)!);
      return Math.hypot(...numbers);
    };
    // Two steps from zero, and two more.
    expect(await distance(output)).toBeGreaterThan(1.2 * (await distance(first)));
  });

  test('goes on from its checkpoint where that ControlNet is gone by then, and does not begin anew', async () => {
    const output = join(folder, 'gone');
    const stop = new AbortController();
    const request = { ...controlNet, ...sizes, steps: 3 };
    const onStep = (): void => stop.abort(new Error('Stopped'));
    const going = { data: await data, output, request };
    await expect(trainSmall({ ...going, init: model(first), onStep, signal: stop.signal })).rejects.toThrow('Stopped');
    expect(await trainSmall({ ...going, init: model(null) })).toHaveLength(2);
    const whole = join(folder, 'undisturbed');
    await trainSmall({ ...going, output: whole, init: model(first) });
    expect(readFileSync(join(output, network)).equals(readFileSync(join(whole, network)))).toBe(true);
    await expect(trainSmall({ ...going, output: join(folder, 'never begun'), init: model(null) })).rejects.toThrow(
      'The model first, which the training was to begin as, is not there any more',
    );
  });

  test('is another training than one that begins anew', async () => {
    const output = join(folder, 'other');
    const stop = new AbortController();
    const onSet = (): void => stop.abort(new Error('Stopped'));
    const going = { data: await data, output, request: { ...controlNet, ...sizes } };
    await expect(trainSmall({ ...going, onSet, signal: stop.signal })).rejects.toThrow('Stopped');
    await expect(trainSmall({ ...going, init: model(first) })).rejects.toThrow(
      'its init was null and is {"id":"first","hash":"1"} now',
    );
  });

  test('has the hint encoder of that, whatever its width, also where that is gone by then', async () => {
    const wide = smallModelPath('models', 'sd15-tiny', 'controlnet-a');
    const channels = (path: string): unknown =>
      (JSON.parse(readFileSync(join(path, 'config.json'), 'utf8')) as Record<string, unknown>)[
        'conditioning_embedding_out_channels'
      ];
    expect(channels(wide)).not.toEqual(channels(first));
    const output = join(folder, 'wide hints');
    const stop = new AbortController();
    const onStep = (): void => stop.abort(new Error('Stopped'));
    const going = { data: await data, output, request: { ...controlNet, ...still } };
    await expect(trainSmall({ ...going, init: model(wide), onStep, signal: stop.signal })).rejects.toThrow('Stopped');
    expect(await trainSmall({ ...going, init: model(null) })).toHaveLength(1);
    expect(channels(output)).toEqual(channels(wide));
    const [before, after] = [await openControlNetCheckpoint(wide), await openControlNetCheckpoint(output)];
    for (const [name, ref] of before.controlnet.weights) {
      const numbers = await readFloats(wide, ref);
      const now = await readFloats(output, after.controlnet.weights.get(name)!);
      expect(Math.max(...now.map((value, index) => Math.abs(value - numbers[index]!))), name).toBeLessThan(1e-3);
    }
  });

  test('of other sizes is refused before anything is learnt', async () => {
    const wide = smallModelPath('models', 'sdxl-tiny');
    await expect(
      trainSmall({
        data: await data,
        output: join(folder, 'wide'),
        request: { ...controlNet, ...sizes },
        init: model(join(wide, 'controlnet-a')),
      }),
    ).rejects.toMatchObject({ code: 'invalid_request', field: 'init' });
  });
});

describe('a training that begins as a LoRA', () => {
  const numbersOf = async (path: string): Promise<ReadonlyMap<string, Float32Array>> => {
    const file = await openSafetensors(path);
    const read = [...file.tensors].map(
      async ([name, tensor]) =>
        [name, await readFloats(file.folder, { ...tensor, dtype: 'F16', file: file.name })] as const,
    );
    return new Map(await Promise.all(read));
  };

  test('acts as that does where nothing is moved, whatever its alpha', async () => {
    const output = join(folder, 'factors again');
    const request = { ...lora, ...still, alpha: 1 };
    await trainSmall({ data: await data, output, request, init: model(loraFile) });
    const [before, after] = [await numbersOf(loraFile), await numbersOf(join(output, 'small.safetensors'))];
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [name, numbers] of before) {
      const scale = name.endsWith('.alpha') ? 1 / 2 : name.endsWith('lora_up.weight') ? 2 : 1;
      // What is no more than nothing may have another sign.
      expect(
        after.get(name)?.map((value) => value + 0),
        name,
      ).toEqual(numbers.map((value) => value * scale + 0));
    }
    expect([...before].some(([name, numbers]) => name.endsWith('up.weight') && numbers.some((one) => one !== 0))).toBe(
      true,
    );
  });

  test('is refused where it has other layers, or fewer', async () => {
    const more = { ...lora, ...sizes, targets: ['attention', 'mlp'] };
    await expect(
      trainSmall({ data: await data, output: join(folder, 'more'), request: more, init: model(loraFile) }),
    ).rejects.toThrow(/first has no .*, which is to be trained/);
    const wide = join(folder, 'wide factors');
    await trainSmall({ data: await data, output: wide, request: more });
    const init = model(join(wide, 'small.safetensors'));
    await expect(
      trainSmall({ data: await data, output: join(folder, 'less'), request: { ...lora, ...sizes }, init }),
    ).rejects.toThrow(/first has .*, which is not to be trained/);
  });
});

describe('what a training is asked to begin as', () => {
  const models = async () => {
    const all = join(folder, 'all');
    cpSync(first, join(all, 'first'), { recursive: true });
    cpSync(loraFile, join(all, 'factors.safetensors'));
    const library = await openLibrary(
      [all, smallModelPath('models', 'sd15-tiny'), smallModelPath('models', 'sdxl-tiny')],
      {
        conditions: conditionIds,
      },
    );
    return await library.list();
  };
  const found = async (request: object, base: 'sd15-tiny' | 'sdxl-tiny' = 'sd15-tiny') =>
    findInit(await models(), check(trainingRequest, request), await smallBase(base))?.id ?? null;

  test('is found among the models of its kind', async () => {
    expect(await found({ ...controlNet, steps: 1 })).toBe(null);
    expect(await found({ ...controlNet, steps: 1, init: 'base' })).toBe(null);
    expect(await found({ ...controlNet, steps: 1, init: 'small' })).toBe('small');
    expect(await found({ ...lora, steps: 1, init: 'factors' })).toBe('factors');
  });

  test.each([
    ['no such model', { ...controlNet, init: 'none' }, 'unknown_model', 'There is no ControlNet "none"'],
    ['a LoRA for a ControlNet', { ...controlNet, init: 'factors' }, 'unknown_model', 'There is no ControlNet'],
    [
      'another rank',
      { ...lora, rank: 8, init: 'factors' },
      'invalid_request',
      'factors has the rank 4, but 8 was asked for',
    ],
  ])('is refused where it is %s', async (_, request, code, message) => {
    await expect(found({ ...request, steps: 1 })).rejects.toMatchObject({ code, field: 'init' });
    await expect(found({ ...request, steps: 1 })).rejects.toThrow(message);
  });

  test('is refused beside a base model that it does not fit', async () => {
    for (const request of [
      { ...controlNet, init: 'small' },
      { ...lora, init: 'factors' },
    ]) {
      await expect(found({ ...request, steps: 1 }, 'sdxl-tiny')).rejects.toMatchObject({
        code: 'invalid_request',
        field: 'init',
        message: expect.stringContaining('does not fit the base model sdxl-tiny'),
      });
    }
  });
});
