import { latentInterpolation } from '../generation/upscalers/latent-upscaler.ts';
import type { Enlarging } from '../generation/passes.ts';
import { type Interpolation, interpolatePlanes } from '../numeric/interpolate-planes.ts';
import type { Size } from '../numeric/size.ts';
import { marginsOf, repeated, type Tiling } from '../numeric/wrap.ts';
import type { PictureEncoder } from '../pipeline/networks/networks.ts';
import type { LatentShape } from '../pipeline/pass.ts';
import { tensorFrom } from '../pipeline/pixels.ts';
import type { TakenOver } from '../pipeline/sample.ts';
import type { PictureLeft } from './protocol.ts';

/** What an earlier pass left of a picture, at the size of this one: as it is, enlarged as latents, or encoded from an enlarged picture, and cut. */
export async function takeOver(
  left: PictureLeft,
  { takes, tiling }: { readonly takes: Enlarging | 'goes on'; readonly tiling?: Tiling | undefined },
  { latentScale, encoder }: { readonly latentScale: number; readonly encoder: PictureEncoder },
  shape: LatentShape,
): Promise<TakenOver> {
  if (takes === 'goes on') {
    if (!('latents' in left)) throw new RangeError('A pass that goes on with latents was given a picture');
    return { latents: left.latents.data, noise: left.latents.noise };
  }
  const { upscaler, to } = takes;
  const cells = { width: to.width / latentScale, height: to.height / latentScale };
  if ('image' in left) {
    const { mean, logvar } = await encoder.encode(tensorFrom(left.image));
    const cutTo = (planes: Float32Array): Float32Array => cutMiddle(planes, cells, shape);
    return {
      encoded: {
        mean: cutTo(mean.data),
        logvar: cutTo(logvar.data),
        scalingFactor: encoder.scalingFactor,
        repaint: null,
      },
    };
  }
  const { latents } = left;
  const interpolation = latentInterpolation(upscaler.id);
  if (interpolation === null) throw new RangeError(`${upscaler.id} was given latents`);
  return { latents: cutMiddle(interpolated(latents, cells, interpolation, tiling), cells, shape) };
}

/** Cells beyond an edge that have a part in what is made of the cells at it. */
const reach = 4;

/** Latents at another size; beyond edges that meet their other edge goes on. */
function interpolated(
  { data, shape: [channels, height, width] }: { readonly data: Float32Array; readonly shape: LatentShape },
  to: Size,
  interpolation: Interpolation,
  tiling: Tiling | undefined,
): Float32Array {
  const from = { width, height };
  if (tiling === undefined) return interpolatePlanes(data, from, to, interpolation);
  const { before, after } = marginsOf(from, to, tiling, reach);
  const around = { x: -before.x, y: -before.y, width: width + 2 * before.x, height: height + 2 * before.y };
  const enlarged = { width: to.width + 2 * after.x, height: to.height + 2 * after.y };
  const out = new Float32Array(channels * to.width * to.height);
  for (let channel = 0; channel < channels; channel++) {
    const plane = data.subarray(channel * width * height, (channel + 1) * width * height);
    const seen = repeated(plane, from, around, 1, new Float32Array(around.width * around.height));
    const made = interpolatePlanes(seen, around, enlarged, interpolation);
    const place = out.subarray(channel * to.width * to.height, (channel + 1) * to.width * to.height);
    repeated(made, enlarged, { ...after, ...to }, 1, place);
  }
  return out;
}

/** The middle of planes: where an odd number is cut off, one more at the right and at the bottom (A1111). */
function cutMiddle(planes: Float32Array, from: Size, [channels, height, width]: LatentShape): Float32Array {
  if (from.width === width && from.height === height) return planes;
  const [left, top] = [Math.floor((from.width - width) / 2), Math.floor((from.height - height) / 2)];
  const out = new Float32Array(channels * height * width);
  for (let row = 0; row < channels * height; row++) {
    const [plane, y] = [Math.floor(row / height), row % height];
    const at = (plane * from.height + top + y) * from.width + left;
    out.set(planes.subarray(at, at + width), row * width);
  }
  return out;
}
