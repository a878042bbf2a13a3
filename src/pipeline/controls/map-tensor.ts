import { tensor, type Tensor } from '../../numeric/tensor.ts';
import type { MaskedImage } from '../../pixels/rgb-image.ts';

/**
 * 8-bit RGB to [1, 3, H, W] in 0..1: the range that ControlNet's hint encoder was trained on. What is masked is -1 in all
 * channels, as ControlNet's inpaint network expects it, or, as unions do, black.
 */
export function mapTensor({ width, height, data, masked }: MaskedImage, maskedValue: -1 | 0 = -1): Tensor {
  const plane = width * height;
  const values = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    const unknown = masked?.[i] === 1;
    for (let channel = 0; channel < 3; channel++) {
      values[channel * plane + i] = unknown ? maskedValue : (data[3 * i + channel] ?? 0) / 255;
    }
  }
  return tensor([1, 3, height, width], values);
}
