import { gaussianBlur } from '../../numeric/gaussian-blur.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/**
 * Dark strokes of a photograph by a difference of Gaussians (Winnemöller, "XDoG", 2011), as ControlNet's scribble_xdog: a
 * stroke is where in every channel the surroundings (sigma 5) are brighter than the pixel (sigma 0.5) by half of `contrast`.
 *
 * @param contrast 0..255, 32 in ControlNet. Differences count in full: there 8-bit numbers overflow from 128 on.
 * @returns 255 on strokes, 0 elsewhere.
 */
export function xdogStrokes(image: RgbImage, contrast: number): Uint8Array {
  const darkness = [0, 1, 2].map((channel) => channelDarkness(image, channel));
  const [red, green, blue] = darkness as [Float32Array, Float32Array, Float32Array];
  const strokes = new Uint8Array(red.length);
  for (let i = 0; i < strokes.length; i++) {
    // 8-bit as there: a difference counts from its next whole number.
    const least = Math.ceil(Math.min(red[i]!, green[i]!, blue[i]!));
    if (2 * Math.min(255, least) > contrast) strokes[i] = 255;
  }
  return strokes;
}

/** How much darker than its surroundings each pixel is in one channel. */
function channelDarkness(image: RgbImage, channel: number): Float32Array {
  const plane = new Float32Array(image.width * image.height);
  for (let i = 0, j = channel; i < plane.length; i++, j += 3) plane[i] = image.data[j]!;
  const near = gaussianBlur(plane, image, 0.5);
  const darkness = gaussianBlur(plane, image, 5);
  for (let i = 0; i < darkness.length; i++) darkness[i]! -= near[i]!;
  return darkness;
}
