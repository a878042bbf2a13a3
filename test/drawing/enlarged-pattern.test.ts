import { describe, expect, it } from 'vitest';
import { takeOver } from '../../src/device/take-over.ts';
import { enlargedPattern } from '../../src/drawing/enlarged-pattern.ts';
import { latentUpscalerIds } from '../../src/generation/upscalers/latent-upscaler.ts';
import type { Size } from '../../src/numeric/size.ts';
import { TorchGenerator } from '../../src/numeric/torch-generator.ts';
import { repeated, type Tiling } from '../../src/numeric/wrap.ts';
import type { AlphaImage } from '../../src/pixels/alpha-image.ts';
import { pixelUpscaler } from '../../src/pixels/upscalers/registry.ts';

const from: Size = { width: 24, height: 16 };
const to: Size = { width: 36, height: 24 };
const encoder = { scalingFactor: 1, encode: async () => await Promise.reject(new Error('nothing is encoded here')) };

const lanczos = async ({ data, channels, ...size }: AlphaImage, target: Size): Promise<AlphaImage> =>
  await Promise.resolve({
    ...target,
    channels,
    data: pixelUpscaler('lanczos')!.resample(data, size, target, channels),
  });

async function enlarged(data: Uint8Array, tiling?: Tiling): Promise<Uint8Array> {
  return (await enlargedPattern({ ...from, channels: 3, data }, to, tiling, lanczos)).data;
}

/** Of one channel. */
async function enlargedLatents(data: Float32Array, id: string, tiling?: Tiling): Promise<Float32Array> {
  const left = { latents: { shape: [1, from.height, from.width] as const, data, noise: new TorchGenerator(1).save() } };
  const takes = { upscaler: { id, model: null }, from, to };
  const made = await takeOver(left, { takes, tiling }, { latentScale: 1, encoder }, [1, to.height, to.width]);
  if (!('latents' in made)) throw new RangeError('expected latents');
  return made.latents;
}

/** A pattern whose cells were moved on; what leaves at one edge comes in at the other. */
function moved<Values extends Float32Array | Uint8Array>(
  pattern: Values,
  size: Size,
  [x, y]: readonly [number, number],
  channels: number,
): Values {
  return repeated(pattern, size, { x: -x, y: -y, ...size }, channels, pattern.slice() as Values);
}

const pixels = Uint8Array.from({ length: from.width * from.height * 3 }, (_, i) => (i * i * 7 + i * 31) % 256);
const latents = Float32Array.from({ length: from.width * from.height }, (_, i) => Math.sin(i * i));

describe('what is enlarged where its edges meet is the same wherever the pattern begins', () => {
  it.each([
    ['x', [8, 0]],
    ['y', [0, 8]],
    ['both', [6, 10]],
  ] as const)('along %s', async (tiling, [x, y]) => {
    const after = [(x * 3) / 2, (y * 3) / 2] as const;
    const picture = await enlarged(pixels, tiling);
    expect(await enlarged(moved(pixels, from, [x, y], 3), tiling)).toEqual(moved(picture, to, after, 3));
    for (const id of latentUpscalerIds) {
      const [made, again] = [latents, moved(latents, from, [x, y], 1)].map(
        async (data) => await enlargedLatents(data, id, tiling),
      );
      const expected = moved((await made)!, to, after, 1);
      expect(Math.max(...(await again)!.map((value, i) => Math.abs(value - expected[i]!))), id).toBeLessThan(1e-6);
    }
  });

  it('and is, where no edges meet, what it is without', async () => {
    const { data } = await lanczos({ ...from, channels: 3, data: pixels }, to);
    expect(await enlarged(pixels)).toEqual(data);
    const along = await enlarged(pixels, 'x');
    const inner = (values: Uint8Array): number[] =>
      [...values].filter((_, i) => {
        const x = Math.floor(i / 3) % to.width;
        return x >= 6 && x < to.width - 6;
      });
    // Far from the edges along x, and all along y, nothing else is seen.
    expect(inner(along)).toEqual(inner(data));
    expect(along).not.toEqual(data);
  });
});
