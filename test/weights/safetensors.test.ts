import { existsSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ArmatureError } from '../../src/errors.ts';
import { openSafetensors, readNumbers, readTensor } from '../../src/weights/safetensors/safetensors.ts';
import { goldenArrays, goldenModels, goldenPath, smallModelPath } from '../support/golden.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { float32Tensor, safetensorsBytes, withHeader, type WrittenTensor } from './write-safetensors.ts';

const folder = temporaryFolder();
let written = 0;

function file(bytes: Uint8Array): string {
  const path = join(folder, `model-${written++}.safetensors`);
  writeFileSync(path, bytes);
  return path;
}

async function refusal(bytes: Uint8Array): Promise<string> {
  const error: unknown = await openSafetensors(file(bytes)).catch((reason: unknown) => reason);
  if (!(error instanceof ArmatureError)) throw new Error('Expected the file to be refused');
  expect(error.code).toBe('model_invalid');
  expect(error.message).not.toContain(folder);
  return error.message;
}

const header = (entries: Record<string, unknown>): string => JSON.stringify(entries);
const four = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };

describe('reading', () => {
  test('names, formats, shapes and places of a real file', async () => {
    const model = goldenModels().find((name) => existsSync(goldenPath('models', name, 'unet'))) ?? '';
    const file = ['models', model, 'unet', 'diffusion_pytorch_model.safetensors'];
    const path = goldenPath(...file);
    const expected = goldenArrays(...file);
    const opened = await openSafetensors(path);
    expect([...opened.tensors.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
    for (const name of ['conv_in.weight', 'mid_block.resnets.1.conv2.bias']) {
      expect(opened.tensors.get(name)?.shape).toEqual(expected.get(name)?.dims);
      expect(await readTensor(opened, name)).toEqual(expected.get(name)?.data);
    }
  });

  test('float16 and bfloat16 become float32', async () => {
    const bytes = (...words: number[]): Uint8Array => new Uint8Array(Uint16Array.from(words).buffer);
    const path = file(
      safetensorsBytes({
        half: { dtype: 'F16', shape: [6], bytes: bytes(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x3555) },
        brain: { dtype: 'BF16', shape: [3], bytes: bytes(0x3f80, 0xc040, 0x7f80) },
      }),
    );
    const opened = await openSafetensors(path);
    const third = 0.333251953125;
    expect([...(await readTensor(opened, 'half'))]).toEqual([1, -2, 2 ** -24, 65504, Number.POSITIVE_INFINITY, third]);
    expect([...(await readTensor(opened, 'brain'))]).toEqual([1, -3, Number.POSITIVE_INFINITY]);
  });

  test('single numbers are read from every format, those of 8 bits too', async () => {
    const written = {
      eight: { dtype: 'F8_E4M3', shape: [], bytes: Uint8Array.of(0x48) },
      wide: { dtype: 'F8_E5M2', shape: [], bytes: Uint8Array.of(0xc0) },
      whole: { dtype: 'U8', shape: [1], bytes: Uint8Array.of(200) },
    };
    const opened = await openSafetensors(file(safetensorsBytes(written)));
    const numbers = await readNumbers(opened, Object.keys(written));
    expect(Object.fromEntries(numbers)).toEqual({ eight: 4, wide: -2, whole: 200 });
  });

  test('integers, metadata and empty tensors are no obstacle', async () => {
    const ids: WrittenTensor = { dtype: 'I64', shape: [1, 2], bytes: new Uint8Array(16) };
    const opened = await openSafetensors(
      file(safetensorsBytes({ ids, none: float32Tensor([0, 4], []), one: float32Tensor([], [7]) })),
    );
    expect(opened.tensors.get('ids')?.dtype).toBe('I64');
    expect([...(await readTensor(opened, 'one'))]).toEqual([7]);
    await expect(readTensor(opened, 'ids')).rejects.toMatchObject({ code: 'model_invalid' });
    await expect(readTensor(opened, 'absent')).rejects.toMatchObject({ code: 'model_invalid' });
    const described = header({ __metadata__: { format: 'pt' }, a: four });
    expect((await openSafetensors(file(withHeader(described, new Uint8Array(4))))).tensors.size).toBe(1);
  });

  test('a link is followed to the folder of the real file, and keeps its own name in messages', async () => {
    const target = file(safetensorsBytes({ a: float32Tensor([1], [1]) }));
    mkdirSync(join(folder, 'links'));
    symlinkSync(target, join(folder, 'links', 'linked.safetensors'));
    const opened = await openSafetensors(join(folder, 'links', 'linked.safetensors'));
    expect(opened.name).toBe('linked.safetensors');
    expect(join(opened.folder, opened.fileName)).toBe(opened.path);
    expect(dirname(opened.path)).toBe(opened.folder);
    expect(opened.folder).not.toContain('links');
  });
});

describe('refusing', () => {
  test.each([
    ['an empty file', new Uint8Array(), /at least 8 bytes/],
    ['a header longer than the file', withHeader('{}', new Uint8Array()).subarray(0, 9), /cut off/],
    ['a header of 2^63 bytes', new Uint8Array([0, 0, 0, 0, 0, 0, 0, 128, 123]), /at most 100 MB/],
    ['a header that is not JSON', withHeader('{"a":', new Uint8Array()), /JSON/],
    [
      'a header that is not UTF-8',
      Buffer.concat([withHeader('  ', new Uint8Array()).subarray(0, 8), Buffer.from([0xff, 0xfe])]),
      /UTF-8/,
    ],
    ['a header that is an array', withHeader('[]', new Uint8Array()), /an array/],
    ['an unknown number format', withHeader(header({ a: { ...four, dtype: 'F12' } }), new Uint8Array(4)), /F12/],
    [
      'a number format of the language itself',
      withHeader(header({ a: { ...four, dtype: 'constructor' } }), new Uint8Array(4)),
      /number format/,
    ],
    ['a negative size', withHeader(header({ a: { ...four, shape: [-1] } }), new Uint8Array(4)), /list of sizes/],
    [
      'a fractional offset',
      withHeader(header({ a: { ...four, data_offsets: [0.5, 4.5] } }), new Uint8Array(5)),
      /pair of offsets/,
    ],
    [
      'three offsets',
      withHeader(header({ a: { ...four, data_offsets: [0, 4, 8] } }), new Uint8Array(8)),
      /pair of offsets/,
    ],
    ['a tensor that is no object', withHeader(header({ a: 7 }), new Uint8Array()), /number format/],
    [
      'a length that does not fit the shape',
      withHeader(header({ a: { ...four, shape: [2] } }), new Uint8Array(4)),
      /8 bytes for tensor a/,
    ],
    [
      'an overlap',
      withHeader(
        header({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] }, b: { ...four, data_offsets: [4, 8] } }),
        new Uint8Array(8),
      ),
      /overlap/,
    ],
    ['a gap', withHeader(header({ a: four, b: { ...four, data_offsets: [8, 12] } }), new Uint8Array(12)), /gap/],
    ['bytes after the last tensor', withHeader(header({ a: four }), new Uint8Array(5)), /as its header says/],
    [
      'one name twice',
      withHeader(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        new Uint8Array(4),
      ),
      /two named a/,
    ],
    [
      'one name twice in what is said of the file',
      withHeader(
        '{"__metadata__":{"modelspec.prediction_type":"v","modelspec.prediction_type":"epsilon"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        new Uint8Array(4),
      ),
      /two named modelspec\.prediction_type/,
    ],
    [
      'a shape said twice',
      withHeader('{"a":{"dtype":"F32","shape":[1],"shape":[1,1],"data_offsets":[0,4]}}', new Uint8Array(4)),
      /two named shape/,
    ],
    ['brackets without end', withHeader(`{"a":${'['.repeat(500_000)}`, new Uint8Array()), /nested brackets/],
    [
      'a shape of a thousand axes',
      withHeader(header({ a: { ...four, shape: Array.from({ length: 1000 }, () => 1) } }), new Uint8Array(4)),
      /list of sizes/,
    ],
    [
      'sizes beyond any number',
      withHeader(header({ a: { ...four, shape: [2 ** 53 - 1, 2 ** 53 - 1] } }), new Uint8Array(4)),
      /bytes for tensor a/,
    ],
    [
      'offsets beyond 2^53',
      withHeader(
        '{"a":{"dtype":"U8","shape":[1],"data_offsets":[9007199254740993,9007199254740994]}}',
        new Uint8Array(),
      ),
      /pair of offsets/,
    ],
    [
      'offsets outside the file',
      withHeader(header({ a: { ...four, data_offsets: [4, 8] } }), new Uint8Array(4)),
      /gap before it/,
    ],
  ])('%s', async (_, bytes, message) => {
    expect(await refusal(bytes)).toMatch(message);
  });

  test('a name of a megabyte, in a few words', async () => {
    const name = 'n'.repeat(2 ** 20);
    expect(
      (await refusal(withHeader(header({ [name]: { ...four, shape: [2] } }), new Uint8Array(4)))).length,
    ).toBeLessThan(500);
  });

  test('a million tensors without a byte, as soon as there are too many', async () => {
    const entry = '"t":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
    const many = (count: number): Uint8Array =>
      withHeader(
        `{${Array.from({ length: count }, (_, i) => entry.replace('t', `t${i}`)).join(',')}}`,
        new Uint8Array(),
      );
    expect(await refusal(many(1_000_000))).toMatch(/at most 100000 tensors .* but received more/);
    expect((await openSafetensors(file(many(100_000)))).tensors.size).toBe(100_000);
  });

  test('a file that is not there, and a folder', async () => {
    await expect(openSafetensors(join(folder, 'absent.safetensors'))).rejects.toThrow(
      'absent.safetensors cannot be read',
    );
    await expect(openSafetensors(folder)).rejects.toMatchObject({ code: 'model_invalid' });
  });
});

describe('properties', () => {
  const whole = safetensorsBytes({
    'first.weight': float32Tensor([2, 3], [1, 2, 3, 4, 5, 6]),
    'first.bias': float32Tensor([3], [7, 8, 9]),
    ids: { dtype: 'I64', shape: [2], bytes: new Uint8Array(16) },
  });

  test('a real file cut off anywhere is refused', async () => {
    const real = readFileSync(smallModelPath('models', 'eps-tiny', 'text_encoder', 'model.safetensors'));
    const path = file(real);
    await fc.assert(
      fc.asyncProperty(fc.nat(real.length - 1), async (length) => {
        writeFileSync(path, real);
        truncateSync(path, length);
        await expect(openSafetensors(path)).rejects.toMatchObject({ code: 'model_invalid' });
      }),
      { numRuns: 60 },
    );
  });

  test('bytes changed in the header are refused or describe tensors inside the file', async () => {
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    const path = file(whole);
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = Uint8Array.from(whole);
        for (const [position, value] of changes) bytes[position] = value;
        writeFileSync(path, bytes);
        const opened = await openSafetensors(path).catch((error: unknown) => error);
        if (opened instanceof ArmatureError) {
          expect(opened.code).toBe('model_invalid');
          return;
        }
        for (const entry of (opened as Awaited<ReturnType<typeof openSafetensors>>).tensors.values()) {
          expect(entry.byteOffset + entry.byteLength).toBeLessThanOrEqual(bytes.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('any JSON as header is read or refused', async () => {
    const path = file(whole);
    const entry = fc.record({
      dtype: fc.oneof(fc.constantFrom('F32', 'F16', 'I64', 'BOOL'), fc.jsonValue()),
      shape: fc.oneof(fc.array(fc.nat(4)), fc.jsonValue()),
      data_offsets: fc.oneof(fc.array(fc.nat(64), { minLength: 2, maxLength: 2 }), fc.jsonValue()),
    });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.oneof(entry, fc.jsonValue())), async (entries) => {
        writeFileSync(path, withHeader(JSON.stringify(entries), new Uint8Array(64)));
        const opened = await openSafetensors(path).catch((error: unknown) => error);
        if (opened instanceof ArmatureError) expect(opened.code).toBe('model_invalid');
        else expect(opened).toHaveProperty('tensors');
      }),
      { numRuns: 300 },
    );
  });
});
