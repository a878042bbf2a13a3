import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { upscaleTiles, type UpscalerNetwork, Upscalers } from '../../../src/device/upscaling.ts';
import { ArmatureError } from '../../../src/errors.ts';
import type { UpscalerModel } from '../../../src/generation/models/upscaler.ts';
import { cellsOf } from '../../../src/numeric/cells.ts';
import type { AlphaImage } from '../../../src/pixels/alpha-image.ts';
import { enlarge } from '../../../src/pixels/upscalers/enlarge.ts';
import { pixelUpscaler } from '../../../src/pixels/upscalers/registry.ts';
import { SessionPool } from '../../../src/runtime/index.ts';
import { otherKind } from '../../../src/weights/layouts/other-kinds.ts';
import { openUpscalerFile } from '../../../src/weights/layouts/upscaler-file.ts';
import { arraysOf, floats, maxAbsDifference } from '../../support/golden.ts';
import { openSafetensors } from '../../../src/weights/safetensors/safetensors.ts';
import { temporaryFolder } from '../../weights/temporary-folder.ts';
import { float32Tensor, writeSafetensors } from '../../weights/write-safetensors.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const references = arraysOf(here('references.safetensors'));
const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
const upscalers = new Upscalers(pool);
afterAll(async () => await pool.release());

async function model(name: string): Promise<UpscalerModel> {
  const path = here(`${name}.safetensors`);
  const { hash } = await openUpscalerFile(path);
  return { kind: 'upscaler', id: name, title: name, licence: null, owner: null, path, hash, scale: 1 };
}
const open = async (name: string): Promise<UpscalerNetwork> => await upscalers.open(await model(name));

async function whole(
  network: UpscalerNetwork,
  image: AlphaImage,
  side?: number,
): Promise<readonly [AlphaImage, number]> {
  const tiles = upscaleTiles(network, image, side);
  for (let count = 0; ; count++) {
    const next = await tiles.next();
    if (next.done === true) return [next.value, count];
    expect(next.value.step).toBe(count + 1);
  }
}

const noisy = (width: number, height: number, channels: 3 | 4): AlphaImage => ({
  width,
  height,
  channels,
  data: Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 7919 + (i >> 3) * 31) % 256),
});

const scales = {
  'basic-x4': 4,
  'basic-x2': 2,
  'basic-x1': 1,
  'kair-x4': 4,
  'first-x4': 4,
  'first-x2': 2,
  'first-x1': 1,
} as const;

describe.each(Object.entries(scales))('the upscaler %s', (name, scale) => {
  it('gives what torch computes', async () => {
    const network = await open(name);
    expect(network.scale).toBe(scale);
    const given = references.get(`${name}/in`)!;
    const [, , height = 0, width = 0] = given.dims;
    const cells = cellsOf(floats(references, `${name}/in`), 3, { width, height }, network.cell);
    const { dims, data } = await network.run(cells);
    expect(dims).toEqual(references.get(`${name}/out`)!.dims);
    expect(maxAbsDifference(data, floats(references, `${name}/out`))).toBeLessThan(2e-6);
  });

  it('gives the same in tiles as of the whole, of any size', async () => {
    const network = await open(name);
    for (const [width, height] of [
      [150, 101],
      [7, 70],
      [1, 1],
    ] as const) {
      const image = noisy(width, height, 3);
      const [all] = await whole(network, image, 10_000);
      const [tiled, count] = await whole(network, image, 96 * scale);
      expect(count).toBe(Math.ceil(width / 32) * Math.ceil(height / 32));
      expect([all.width, all.height]).toEqual([width * scale, height * scale]);
      expect(maxAbsDifference(tiled.data, all.data)).toBeLessThanOrEqual(1);
    }
  });
});

describe('an upscaler', () => {
  it('enlarges what is transparent by a kernel', async () => {
    const network = await open('first-x2');
    const image = noisy(20, 12, 4);
    const [larger] = await whole(network, image);
    const alpha = (of: AlphaImage): Uint8Array => of.data.filter((_, i) => i % 4 === 3);
    const only = { ...image, channels: 3, data: Uint8Array.from(alpha(image), (v) => v) } as const;
    const grey = { ...only, data: Uint8Array.from({ length: 720 }, (_, i) => only.data[Math.floor(i / 3)]!) };
    const expected = enlarge(grey, { width: 40, height: 24 }, pixelUpscaler('bicubic')!);
    expect(alpha(larger)).toEqual(expected.data.filter((_, i) => i % 3 === 0));
    const colours = { ...image, channels: 3, data: image.data.filter((_, i) => i % 4 !== 3) } as const;
    expect(larger.data.filter((_, i) => i % 4 !== 3)).toEqual((await whole(network, colours))[0].data);
  });

  it('that was replaced is refused', async () => {
    const other = { ...(await model('first-x4')), hash: 'other' };
    await expect(upscalers.open(other)).rejects.toMatchObject({ code: 'model_invalid' });
  });

  it('of another kind is named', async () => {
    const file = `${temporaryFolder()}/compact.safetensors`;
    const tensors = {
      'body.0.weight': float32Tensor([4, 3, 3, 3], new Float32Array(108)),
      'body.0.bias': float32Tensor([4], new Float32Array(4)),
      'body.1.weight': float32Tensor([4], new Float32Array(4)),
      'body.2.weight': float32Tensor([48, 4, 3, 3], new Float32Array(1728)),
    };
    writeSafetensors(file, tensors);
    expect(otherKind(await openSafetensors(file))).toMatch(/compact upscaler \(SRVGG\)/);
    await expect(openUpscalerFile(file)).rejects.toThrow(ArmatureError);
  });
});
