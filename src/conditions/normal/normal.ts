import { gaussianBlur } from '../../numeric/gaussian-blur.ts';
import { type PlaneSize, resampleBytes, resamplePlane } from '../../numeric/resample.ts';
import type { AnnotatorSource, ConditionMap, Extractor, RgbImage } from '../condition.ts';
import { nearness, nearnessSize } from '../depth/nearness.ts';
import { percentiles } from '../depth/percentile.ts';
import { inspectPhoto } from '../inspect-map.ts';
import { boundedSize } from '../network-input.ts';
import type { NormalOptions } from './options.ts';
import { normalColours, surfaceNormals } from './surface-normals.ts';

/** Which way surfaces face, from the depth that FastDepth sees, at the size of the picture. */
export const normal = {
  async extract(image: RgbImage, options: NormalOptions, networks: AnnotatorSource): Promise<ConditionMap> {
    // The depth has 224 x 224 pixels, so that nothing is gained above this size.
    const size = boundedSize(image, 512);
    const relief = reliefOf(await nearness(image, networks), size, options.strength);
    const normals = surfaceNormals(relief, size, 2 * Math.PI, options.background_threshold);
    const data = resampleBytes(normalColours(normals, options.colours), size, image, 3);
    return { map: { width: image.width, height: image.height, data }, warnings: inspectPhoto('normal', image) };
  },
} satisfies Extractor<NormalOptions>;

/** Range of the relief over a square of 512 pixels at strength 1: chosen by eye for a z of 2 pi. */
const range = 200;
/** Blur in pixels of the network, which gives depth of steps and ripples of about that size. */
const ripple = 2;

/** The relief at a size; its range grows with the size, so that slopes are the same at every size. */
function reliefOf(inverse: Float32Array, size: PlaneSize, strength: number): Float32Array {
  const [low, high] = percentiles(inverse, [2, 98]) as [number, number];
  const factor = (strength * range * Math.min(size.width, size.height)) / 512 / Math.max(high - low, 1e-6);
  const smooth = gaussianBlur(inverse, nearnessSize, ripple);
  return resamplePlane(smooth, nearnessSize, size).map((value) => value * factor);
}
