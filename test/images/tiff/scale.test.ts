import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ArmatureError } from '../../../src/errors.ts';
import { decodeMasked, decodePicture, verifyPicture } from '../../../src/images/decode.ts';
import { readHeader } from '../../../src/images/picture-header.ts';
import { type TiffOptions, writeTiff } from '../../support/write-tiff.ts';

/** A ramp from 0 to 1 of eight pixels, in two rows. */
const [width, height] = [4, 2];
const ramp = Array.from({ length: width * height }, (_, i) => i / (width * height - 1));
const expected = ramp.map((share) => Math.round(share * 255));

type Writer = (view: DataView, at: number, value: number, little: boolean) => void;

function bytesOf(values: readonly number[], size: number, write: Writer, little = true): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * size));
  values.forEach((value, i) => write(view, i * size, value, little));
  return new Uint8Array(view.buffer);
}

/** binary16 of a number from 0 to 1 (rounded down). */
function half(value: number): number {
  if (value < 2 ** -14) return Math.floor(value * 2 ** 24);
  const exponent = Math.floor(Math.log2(value));
  return ((exponent + 15) << 10) | Math.floor((value / 2 ** exponent - 1) * 1024);
}

const kinds: Readonly<Record<string, { bits: number; format: number; full: number; write: Writer }>> = {
  float32: { bits: 32, format: 3, full: 1, write: (view, at, value, little) => view.setFloat32(at, value, little) },
  float16: {
    bits: 16,
    format: 3,
    full: 1,
    write: (view, at, value, little) => view.setUint16(at, half(value), little),
  },
  float64: { bits: 64, format: 3, full: 1, write: (view, at, value, little) => view.setFloat64(at, value, little) },
  'float32 to 255': {
    bits: 32,
    format: 3,
    full: 255,
    write: (view, at, value, little) => view.setFloat32(at, value, little),
  },
  uint32: {
    bits: 32,
    format: 1,
    full: 2 ** 32 - 1,
    write: (view, at, value, little) => view.setUint32(at, value, little),
  },
  int32: {
    bits: 32,
    format: 2,
    full: 2 ** 31 - 1,
    write: (view, at, value, little) => view.setInt32(at, value, little),
  },
  int16: {
    bits: 16,
    format: 2,
    full: 2 ** 15 - 1,
    write: (view, at, value, little) => view.setInt16(at, value, little),
  },
  int8: { bits: 8, format: 2, full: 127, write: (view, at, value) => view.setInt8(at, value) },
};

function grey(name: string, values: readonly number[], options: Partial<TiffOptions> = {}): Buffer {
  const { bits, format, full, write } = kinds[name]!;
  const whole =
    full > 255 || format === 2 ? (value: number) => Math.round(value * full) : (value: number) => value * full;
  const chunk = bytesOf(values.map(whole), bits / 8, write, options.bigEndian !== true);
  return writeTiff({ width, height, bits, format, chunks: [chunk], ...options });
}

async function greyLevels(file: Uint8Array): Promise<number[]> {
  const { data } = await decodePicture(file, undefined, { background: 'black' });
  return [...data].filter((_, i) => i % 3 === 0);
}

async function reason(file: Uint8Array): Promise<string> {
  const error: unknown = await verifyPicture(file, undefined, { field: 'image' }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ArmatureError);
  expect(error).toMatchObject({ code: 'invalid_image', field: 'image' });
  return (error as ArmatureError).message;
}

function expectNear(actual: readonly number[], wanted: readonly number[]): void {
  expect(actual).toHaveLength(wanted.length);
  actual.forEach((value, i) => expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(1));
}

describe('a TIFF of unusual samples', () => {
  it.each(Object.keys(kinds))('is scaled from %s', async (name) => {
    expectNear(await greyLevels(grey(name, ramp)), expected);
    expectNear(await greyLevels(grey(name, ramp, { bigEndian: true })), expected);
    const turned = ramp.map((share) => 1 - share);
    expectNear(await greyLevels(grey(name, turned, { photometric: 0 })), expected);
  });

  it('is scaled from 12 bits', async () => {
    const text = ramp
      .map((share) =>
        Math.round(share * 4095)
          .toString(2)
          .padStart(12, '0'),
      )
      .join('');
    const chunk = Uint8Array.from(text.match(/.{8}/g)!, (byte) => Number.parseInt(byte, 2));
    expectNear(await greyLevels(writeTiff({ width, height, bits: 12, format: 1, chunks: [chunk] })), expected);
  });

  it.each([2, 4])('stays right with %i bits', async (bits) => {
    const levels = ramp.map((share) => Math.round(share * (2 ** bits - 1)));
    const text = levels.map((level) => level.toString(2).padStart(bits, '0')).join('');
    const chunk = Uint8Array.from(text.match(/.{8}/g)!, (byte) => Number.parseInt(byte, 2));
    const file = writeTiff({ width, height, bits, format: 1, chunks: [chunk] });
    expectNear(
      await greyLevels(file),
      levels.map((level) => Math.round((level * 255) / (2 ** bits - 1))),
    );
  });

  it('is read compressed, with the predictor of floats', async () => {
    const big = bytesOf(ramp, 4, kinds['float32']!.write, false);
    const rows = Array.from({ length: height }, (_, y) => {
      const row = big.subarray(y * width * 4, (y + 1) * width * 4);
      const planes = Uint8Array.from(row, (_byte, i) => row[(i % width) * 4 + Math.floor(i / width)]!);
      return planes.map((byte, i) => (i === 0 ? byte : byte - planes[i - 1]!));
    });
    const chunk = deflateSync(Buffer.concat(rows));
    const file = grey('float32', ramp, { compression: 8, predictor: 3, chunks: [chunk] });
    expectNear(await greyLevels(file), expected);
  });

  it('is read in planes, strips and tiles', async () => {
    const { write } = kinds['float32']!;
    const colours = [ramp, ramp.map((share) => 1 - share), ramp.map((share) => share / 2)];
    const wanted = ramp.flatMap((share) => [share, 1 - share, share / 2].map((each) => Math.round(each * 255)));
    const strips = colours.flatMap((plane) => [plane.slice(0, 4), plane.slice(4)]).map((row) => bytesOf(row, 4, write));
    const base = { width, height, bits: 32, format: 3, samples: 3 };
    const planar = await decodePicture(writeTiff({ ...base, planar: true, rowsPerStrip: 1, chunks: strips }));
    expectNear([...planar.data], wanted);
    const pixels = ramp.map((_, i) => colours.map((plane) => plane[i]!));
    const tile = bytesOf(
      Array.from({ length: 16 * 16 }, (_, i) =>
        i % 16 < width && i < 16 * height ? pixels[(i >> 4) * width + (i % 16)]! : [0, 0, 0],
      ).flat(),
      4,
      write,
    );
    const tiled = await decodePicture(writeTiff({ ...base, tile: { width: 16, height: 16 }, chunks: [tile] }));
    expectNear([...tiled.data], wanted);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is turned by orientation %i as an ordinary one is', async (orientation) => {
    const float = grey('float32', ramp, { orientation });
    const byte = writeTiff({ width, height, bits: 8, format: 1, orientation, chunks: [Uint8Array.from(expected)] });
    const [a, b] = [await decodePicture(float), await decodePicture(byte)];
    expect([a.width, a.height]).toEqual([b.width, b.height]);
    expect(await readHeader(float)).toEqual(await readHeader(byte));
    expectNear([...a.data], [...b.data]);
  });

  it('has its alpha laid over the background, whether colours are multiplied with it or not', async () => {
    const { write } = kinds['float32']!;
    const base = { width: 2, height: 1, bits: 32, format: 3, samples: 2, photometric: 1 };
    const apart = writeTiff({ ...base, extraSamples: [2], chunks: [bytesOf([1, 0.5, 1, 0.25], 4, write)] });
    const multiplied = writeTiff({ ...base, extraSamples: [1], chunks: [bytesOf([0.5, 0.5, 0.25, 0.25], 4, write)] });
    expectNear(await greyLevels(apart), [128, 64]);
    expectNear(await greyLevels(multiplied), [128, 64]);
    expect((await decodeMasked(apart)).masked).toEqual(Uint8Array.of(0, 1));
  });

  it.each([
    ['metres', [0, 1.5, 3, 10, 2, 2, 2, 2], 'go from 0 to 10'],
    ['values below 0', [-0.5, 0, 0.5, 1, 0, 0, 0, 0], 'go from -0.5 to 1'],
    ['holes', [Number.NaN, 0, 0.5, 1, 0, 0, 0, 0], 'not finite'],
  ])('is refused with the reason for %s', async (_name, values, part) => {
    expect(await reason(grey('float32', values))).toContain(part);
  });

  it('is refused with the reason for negative integers, other kinds and other compressions', async () => {
    expect(await reason(grey('int16', [-0.1, 0, 0, 0, 0, 0, 0, 1]))).toContain('below 0');
    expect(await reason(grey('float32', ramp, { format: 6 }))).toContain('32-bit complex samples');
    expect(await reason(grey('float32', ramp, { photometric: 8, samples: 3 }))).toContain('grey or RGB');
    expect(await reason(grey('float32', ramp, { compression: 50_000 }))).toContain('compression 50000');
    expect(await reason(grey('float32', ramp, { chunks: [new Uint8Array(9)] }))).toContain('ends early');
    expect(await reason(grey('float32', ramp, { compression: 8, chunks: [new Uint8Array(40)] }))).toContain('damaged');
  });
});
