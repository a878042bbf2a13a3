import type { RgbImage } from '../pixels/rgb-image.ts';
import { tensor, type Tensor } from '../numeric/tensor.ts';

/** Row `index` of decoded pictures [rows, 3, H, W] in -1..1 to 8-bit RGB: round(255 * clamp(x/2 + 1/2)). */
export function pictureFrom(decoded: Tensor, index = 0): RgbImage {
  const [, , height = 0, width = 0] = decoded.dims;
  const plane = width * height;
  const values = decoded.data.subarray(index * 3 * plane, (index + 1) * 3 * plane);
  const data = new Uint8Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = (values[channel * plane + i] ?? 0) / 2 + 0.5;
      data[3 * i + channel] = Math.round(Math.min(1, Math.max(0, value)) * 255);
    }
  }
  return { width, height, data };
}

/** 8-bit RGB to [1, 3, H, W] in -1..1, as the autoencoder encodes it. */
export function tensorFrom({ width, height, data }: RgbImage): Tensor {
  const plane = width * height;
  const values = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let channel = 0; channel < 3; channel++) {
      values[channel * plane + i] = ((data[3 * i + channel] ?? 0) / 255) * 2 - 1;
    }
  }
  return tensor([1, 3, height, width], values);
}
