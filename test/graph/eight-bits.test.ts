import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildTextEncoder, buildUNet, injectionPoints, type UNetConfig } from '../../src/graph/compiler/index.ts';
import type { NetworkPart } from '../../src/graph/weights.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';
import { openBaseCheckpoint } from '../../src/weights/checkpoint.ts';
import { requireCompleteBase } from '../../src/weights/complete.ts';
import { openSafetensors, readFloats, readTensor } from '../../src/weights/safetensors/safetensors.ts';
import { arraysOf, goldenArrays, maxAbsDifference, smallModelPath } from '../support/golden.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';
import { float32Tensor, writeSafetensors, type WrittenTensor } from '../weights/write-safetensors.ts';
import { settingsOf } from './golden-formats.ts';
import { runOnce } from './golden-model.ts';

const folder = temporaryFolder();
const original = smallModelPath('formats', 'sd15-tiny-ldm.safetensors');
const small = settingsOf(['models', 'sd15-tiny']);

/** What each byte stands for (OCP 8-bit floating point, E4M3 without infinities, and E5M2), by its bits alone. */
const meanings = {
  F8_E4M3: (byte: number): number => meaning(byte, 4, 3, 7),
  F8_E5M2: (byte: number): number => meaning(byte, 5, 2, 15),
} as const;
type Format = keyof typeof meanings;

function meaning(byte: number, exponentBits: number, fractionBits: number, bias: number): number {
  const sign = byte >= 128 ? -1 : 1;
  const exponent = (byte % 128) >> fractionBits;
  const fraction = (byte % 2 ** fractionBits) / 2 ** fractionBits;
  const last = 2 ** exponentBits - 1;
  if (exponentBits === 4 && byte % 128 === 127) return Number.NaN;
  if (exponentBits === 5 && exponent === last) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

/** The byte that is nearest to a value. */
function nearest(format: Format, values: Float32Array): Uint8Array {
  const finite = Array.from({ length: 256 }, (_, byte) => [byte, meanings[format](byte)] as const)
    .filter(([, value]) => Number.isFinite(value))
    .toSorted(([, a], [, b]) => a - b);
  return Uint8Array.from(values, (value) => {
    let [low, high] = [0, finite.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (finite[middle]![1] <= value) low = middle;
      else high = middle;
    }
    const [below, above] = [finite[low]!, finite[high]!];
    return value - below[1] < above[1] - value ? below[0] : above[0];
  });
}

/** Matrices and kernels of the networks, which such files hold in 8 bits. */
const isNarrowed = (name: string, dims: readonly number[]): boolean =>
  dims.length > 1 && name.endsWith('.weight') && !name.startsWith('first_stage_model.');

/**
 * The small model with its matrices in 8 bits, and one whose matrices are float32 of just those values. Scaled, the weights are stored
 * so that the largest is 448 or a little less.
 */
function write(
  format: Format,
  scaleName: string | null,
  place: string,
): { readonly eight: string; readonly whole: string } {
  const eight: Record<string, WrittenTensor> = {};
  const whole: Record<string, WrittenTensor> = {};
  for (const [name, array] of arraysOf(original)) {
    if (array.dtype !== 'F32') continue;
    const { dims, data } = array;
    whole[name] = float32Tensor(dims, data);
    eight[name] = whole[name];
    if (!isNarrowed(name, dims)) continue;
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const scale = scaleName === null ? 1 : Math.fround(largest / 448);
    const bytes = nearest(
      format,
      data.map((value) => value / scale),
    );
    eight[name] = { dtype: format, shape: dims, bytes };
    whole[name] = float32Tensor(
      dims,
      Float32Array.from(bytes, (byte) => meanings[format](byte) * scale),
    );
    if (scaleName !== null) eight[name.replace(/weight$/, scaleName)] = float32Tensor([], [scale]);
  }
  if (scaleName === 'scale_weight') {
    eight['model.diffusion_model.scaled_fp8'] = { dtype: 'F8_E4M3', shape: [2], bytes: Uint8Array.of(0, 0) };
    eight['model.diffusion_model.out.2.scale_input'] = float32Tensor([], [3]);
  }
  const paths = { eight: join(folder, `${place}-8.safetensors`), whole: join(folder, `${place}-32.safetensors`) };
  writeSafetensors(paths.eight, eight);
  writeSafetensors(paths.whole, whole);
  return paths;
}

const arrays = goldenArrays('formats', 'golden.safetensors');
const given = (name: string): Tensor => {
  const { dims, data } = arrays.get(name)!;
  return { dims, data: Float32Array.from(data as ArrayLike<number>) };
};

async function denoised(unet: NetworkPart<UNetConfig>): Promise<Float32Array> {
  const none: Tensor = { dims: [1, 1, 1, 1], data: new Float32Array(1) };
  const { out } = await runOnce(buildUNet(unet), {
    sample: given('sample'),
    timestep: given('timestep'),
    encoder_hidden_states: given('encoder_hidden_states'),
    ...Object.fromEntries(injectionPoints(unet.config).map((_, point) => [`residual.${point}`, none])),
  });
  return out!.data;
}

/** With the weight of its last layer added to itself, as what a LoRA adds is. */
function twice(unet: NetworkPart<UNetConfig>): NetworkPart<UNetConfig> {
  const ref = unet.weights.get('conv_out.weight')!;
  const delta = { kind: 'elementwise', of: [{ kind: 'stored', ref }], times: 1 } as const;
  return { ...unet, deltas: new Map([['conv_out.weight', [{ delta, scale: 1, inputs: ref.shape[1] ?? 1 }]]]) };
}

describe('weights of 8 bits', () => {
  it.each<Format>(['F8_E4M3', 'F8_E5M2'])('%s: every byte is read as what it stands for', async (format) => {
    const path = join(folder, `${format}.safetensors`);
    writeSafetensors(path, {
      all: { dtype: format, shape: [256], bytes: Uint8Array.from({ length: 256 }, (_, i) => i) },
    });
    const values = await readTensor(await openSafetensors(path), 'all');
    expect([...values]).toEqual(Array.from({ length: 256 }, (_, byte) => meanings[format](byte)));
  });

  it.each<[Format, string | null]>([
    ['F8_E4M3', null],
    ['F8_E5M2', null],
    ['F8_E4M3', 'scale_weight'],
    ['F8_E4M3', 'weight_scale'],
  ])('%s, with %s: the networks are those of the same values in float32', async (format, scaleName) => {
    const { eight, whole } = write(format, scaleName, `${format}-${scaleName}`);
    const [narrow, wide] = [await openBaseCheckpoint(eight, small), await openBaseCheckpoint(whole, small)];
    const [one, other] = [await denoised(narrow.unet), await denoised(wide.unet)];
    expect(maxAbsDifference(one, other)).toBeLessThanOrEqual(1e-6);
    const doubled = await Promise.all([narrow, wide].map(async ({ unet }) => await denoised(twice(unet))));
    expect(maxAbsDifference(doubled[0]!, doubled[1]!)).toBeLessThanOrEqual(1e-6);
    expect(maxAbsDifference(doubled[0]!, one)).toBeGreaterThan(1e-2);
    // As near to the original as such numbers are.
    const away = maxAbsDifference(one, await denoised((await openBaseCheckpoint(original, small)).unet));
    expect(away).toBeGreaterThan(1e-4);
    const ids = given('input_ids').data;
    const texts = await Promise.all(
      [narrow, wide].map(async ({ textEncoders: [encoder] }) => {
        const input_ids = { dims: [1, ids.length], data: Int32Array.from(ids) };
        return (await runOnce(buildTextEncoder(encoder), { input_ids }))['context']!.data;
      }),
    );
    expect(maxAbsDifference(texts[0]!, texts[1]!)).toBeLessThanOrEqual(1e-6);
    const [ref, plain] = [narrow, wide].map(({ unet }) => unet.weights.get('conv_in.weight')!);
    expect(await readFloats(folder, ref!)).toEqual(await readFloats(folder, plain!));
  });

  const layer = 'model.diffusion_model.out.2';
  it.each<[string, Record<string, WrittenTensor | undefined>, RegExp]>([
    [
      'no scale where the file says that there are',
      { [`${layer}.scale_weight`]: undefined },
      /scale.* for .*out\.2\.weight but received none/,
    ],
    [
      'a scale for each output',
      { [`${layer}.scale_weight`]: float32Tensor([4], [1, 1, 1, 1]) },
      /one number .* F32 \[4\]/,
    ],
    [
      'a scale of 8 bits',
      { [`${layer}.scale_weight`]: { dtype: 'F8_E4M3', shape: [1], bytes: Uint8Array.of(56) } },
      /one number of 16 or 32 bits as its scale/,
    ],
    [
      'a scale of a weight that has none',
      { 'model.diffusion_model.out.0.scale_weight': float32Tensor([], [1]) },
      /out\.0\.scale_weight/,
    ],
  ])('are refused with %s', async (_, changes, reason) => {
    const { eight } = write('F8_E4M3', 'scale_weight', 'refused');
    const bytes = readFileSync(eight);
    const { tensors } = await openSafetensors(eight);
    const all = [...tensors].map(([name, { dtype, shape, byteOffset, byteLength }]) => {
      return [name, { dtype, shape, bytes: bytes.subarray(byteOffset, byteOffset + byteLength) }] as const;
    });
    const changed = Object.entries({ ...Object.fromEntries(all), ...changes }).flatMap(([name, tensor]) =>
      tensor === undefined ? [] : [[name, tensor] as const],
    );
    writeSafetensors(eight, Object.fromEntries(changed));
    const opening = openBaseCheckpoint(eight, small).then((opened) => requireCompleteBase(opened, 'it'));
    await expect(opening).rejects.toThrow(reason);
  });
});
