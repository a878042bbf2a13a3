import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildT2iAdapter } from '../../src/graph/compiler/index.ts';
import { openT2iAdapterCheckpoint } from '../../src/weights/checkpoint.ts';
import { openSafetensors } from '../../src/weights/safetensors/safetensors.ts';
import { runOnce } from '../graph/golden-model.ts';
import { smallModelPath } from '../support/golden.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { writeSafetensors, type WrittenTensor } from './write-safetensors.ts';

const weightsName = 'diffusion_pytorch_model.safetensors';
const places = {
  full: smallModelPath('models', 'sd15-tiny', 't2i_adapter'),
  xl: smallModelPath('adapters', 't2i', 't2i-adapter-xl'),
  light: smallModelPath('adapters', 't2i', 't2i-adapter-light'),
} as const;

/** What the original code calls a weight of diffusers' adapters. */
const originalNames = {
  full: fullName,
  xl: fullName,
  light: (name: string) => name.replace('adapter.', '').replace(/resnets\.(\d+)/, 'body.$1'),
} as const;

function fullName(name: string): string {
  return name
    .replace('adapter.', '')
    .replace(/body\.(\d+)\.resnets\.(\d+)/, (_, level, block) => `body.${2 * Number(level) + Number(block)}`)
    .replace(/body\.(\d+)\.in_conv/, (_, level) => `body.${2 * Number(level)}.in_conv`);
}

async function tensorsOf(folder: string): Promise<Record<string, WrittenTensor>> {
  const file = await openSafetensors(join(folder, weightsName));
  const bytes = readFileSync(file.path);
  return Object.fromEntries(
    [...file.tensors].map(([name, { dtype, shape, byteOffset, byteLength }]) => [
      name,
      { dtype, shape, bytes: bytes.subarray(byteOffset, byteOffset + byteLength) },
    ]),
  );
}

function renamed(tensors: Record<string, WrittenTensor>, name: (of: string) => string): Record<string, WrittenTensor> {
  return Object.fromEntries(Object.entries(tensors).map(([of, tensor]) => [name(of), tensor]));
}

describe.each(['full', 'xl', 'light'] as const)('a T2I-Adapter (%s) as a single file', (kind) => {
  test.each([
    ['the names of diffusers', (name: string) => name],
    ['the names of the original code', originalNames[kind]],
    ['those under adapter.', (name: string) => `adapter.${originalNames[kind](name)}`],
  ])('with %s is the same as its folder', async (_, name) => {
    const path = join(temporaryFolder(), 'adapter.safetensors');
    writeSafetensors(path, renamed(await tensorsOf(places[kind]), name));
    const [folder, file] = [await openT2iAdapterCheckpoint(places[kind]), await openT2iAdapterCheckpoint(path)];
    // The kernel that a light one's blocks end in is always 3.
    expect(file.part.config).toEqual(kind === 'light' ? { ...folder.part.config, kernel: 3 } : folder.part.config);
    const { conditioningChannels, cell } = folder.part.config;
    const dims = [1, conditioningChannels * cell ** 2, 4, 6];
    const data = Float32Array.from({ length: dims.reduce((all, size) => all * size) }, (_value, i) => Math.sin(i));
    const [expected, actual] = [
      await runOnce(buildT2iAdapter(folder.part), { cells: { dims, data } }),
      await runOnce(buildT2iAdapter(file.part), { cells: { dims, data } }),
    ];
    expect(Object.keys(expected).length).toBe(folder.part.config.levels.length);
    for (const [output, value] of Object.entries(expected)) expect(actual[output]).toEqual(value);
  });
});

test('an adapter that halves by convolutions says so by its tensors', async () => {
  const tensors = renamed(await tensorsOf(places.full), originalNames.full);
  const path = join(temporaryFolder(), 'adapter.safetensors');
  const op = (channels: number): Record<string, WrittenTensor> => ({
    weight: { dtype: 'F32', shape: [channels, channels, 3, 3], bytes: new Uint8Array(4 * 9 * channels ** 2) },
    bias: { dtype: 'F32', shape: [channels], bytes: new Uint8Array(4 * channels) },
  });
  const { part } = await openT2iAdapterCheckpoint(places.full);
  const [a, b, c] = part.config.levels.map(({ channels }) => op(channels));
  writeSafetensors(path, {
    ...tensors,
    ...Object.fromEntries(
      [a!, b!, c!].flatMap((layer, i) =>
        Object.entries(layer).map(([name, value]) => [`body.${2 * i + 2}.down_opt.op.${name}`, value]),
      ),
    ),
  });
  const { part: strided } = await openT2iAdapterCheckpoint(path);
  expect(strided.config.levels.map(({ halved }) => halved)).toEqual([
    'no',
    'by convolution',
    'by convolution',
    'by convolution',
  ]);
  const cells = { dims: [1, 192, 5, 8], data: new Float32Array(192 * 40) };
  const made = await runOnce(buildT2iAdapter(strided), { cells });
  expect(made['feature.3']?.dims.slice(2)).toEqual([1, 1]);
});

test('a map of other channels than 1 or 3 is refused', async () => {
  const { conv, ...others } = { conv: 'adapter.conv_in.weight', ...(await tensorsOf(places.full)) };
  const path = join(temporaryFolder(), 'adapter.safetensors');
  const shape = [8, 128, 3, 3];
  writeSafetensors(path, {
    ...(others as Record<string, WrittenTensor>),
    [conv]: { dtype: 'F32', shape, bytes: new Uint8Array(4 * 8 * 128 * 9) },
  });
  await expect(openT2iAdapterCheckpoint(path)).rejects.toMatchObject({
    code: 'model_invalid',
    message: expect.stringContaining('128') as string,
  });
});
