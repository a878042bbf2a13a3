import { latentInterpolation } from '../generation/upscalers/latent-upscaler.ts';
import type { Enlarging } from '../generation/passes.ts';
import { interpolatePlanes } from '../numeric/interpolate-planes.ts';
import type { Size } from '../numeric/size.ts';
import type { PictureEncoder } from '../pipeline/networks/networks.ts';
import type { LatentShape } from '../pipeline/pass.ts';
import { tensorFrom } from '../pipeline/pixels.ts';
import type { TakenOver } from '../pipeline/sample.ts';
import type { PictureLeft } from './protocol.ts';

/** What an earlier pass left of a picture, at the size of this one: as it is, enlarged as latents, or encoded from an enlarged picture, and cut. */
export async function takeOver(
  left: PictureLeft,
  takes: Enlarging | 'goes on',
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
  const [, height, width] = latents.shape;
  const enlarged = interpolatePlanes(latents.data, { width, height }, cells, interpolation);
  return { latents: cutMiddle(enlarged, cells, shape) };
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
