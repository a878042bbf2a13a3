import { gaussianBlur } from '../../numeric/gaussian-blur.ts';
import { resampleBytes, resamplePlane } from '../../numeric/resample.ts';
import type { AnnotatorSource, ConditionMap, Extractor } from '../contract/condition.ts';
import { nearness, nearnessSize } from '../depth/nearness.ts';
import { percentiles } from '../../numeric/percentile.ts';
import { inspectPhoto } from '../contract/inspect-photo.ts';
import { normalPhoto } from './checks.ts';
import { boundedSize } from '../networks/network-input.ts';
import { pulledNormals } from './network-normals.ts';
import type { DerivedOptions, NormalOptions } from './options.ts';
import { normalColours, surfaceNormals } from './surface-normals.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';
import type { Size } from '../../numeric/size.ts';

/** Which way surfaces face, at the size of the picture. */
export const normal = {
  async extract(image: RgbImage, options: NormalOptions, networks: AnnotatorSource): Promise<ConditionMap> {
    const data =
      'strength' in options
        ? await derivedColours(image, options, networks)
        : normalColours(await pulledNormals(image, options.network, networks), options.colours);
    return { map: { width: image.width, height: image.height, data }, warnings: inspectPhoto(normalPhoto, image) };
  },
} satisfies Extractor<NormalOptions>;

/** From the depth that FastDepth sees. */
async function derivedColours(
  image: RgbImage,
  { strength, background_threshold: threshold, colours }: DerivedOptions,
  networks: AnnotatorSource,
): Promise<Uint8Array> {
  // The depth has 224 x 224 pixels, so that nothing is gained above this size.
  const size = boundedSize(image, 512);
  const relief = reliefOf(await nearness(image, networks), size, strength);
  const normals = surfaceNormals(relief, size, 2 * Math.PI, threshold);
  return resampleBytes(normalColours(normals, colours), size, image, 3);
}

/** Range of the relief over a square of 512 pixels at strength 1: chosen by eye for a z of 2 pi. */
const range = 200;
/** Blur in pixels of the network, which gives depth of steps and ripples of about that size. */
const ripple = 2;

/** The relief at a size; its range grows with the size, so that slopes are the same at every size. */
function reliefOf(inverse: Float32Array, size: Size, strength: number): Float32Array {
  const [low, high] = percentiles(inverse, [2, 98]) as [number, number];
  const factor = (strength * range * Math.min(size.width, size.height)) / 512 / Math.max(high - low, 1e-6);
  const smooth = gaussianBlur(inverse, nearnessSize, ripple);
  return resamplePlane(smooth, nearnessSize, size).map((value) => value * factor);
}
