import { type Tensor, tensor } from '../../numeric/tensor.ts';
import type { RgbImage } from '../condition.ts';

/**
 * The hint of ControlNet's inpaint network: the picture as 0..1, and -1 in all channels where it is to be drawn anew. An
 * 8-bit map has no value below black, so this hint exists as numbers only, and both parts travel apart until here.
 *
 * @param mask one byte a pixel of the picture; above 127 is drawn anew.
 * @returns [1, 3, height, width]
 * @throws RangeError where the mask has another size than the picture.
 */
export function inpaintHint({ width, height, data }: RgbImage, mask: Uint8Array): Tensor {
  const area = width * height;
  if (mask.length !== area) {
    throw new RangeError(`Expected a mask of ${width}x${height} = ${area} pixels but received ${mask.length}`);
  }
  const values = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    const masked = mask[i]! > 127;
    for (let channel = 0; channel < 3; channel++) {
      values[channel * area + i] = masked ? -1 : data[i * 3 + channel]! / 255;
    }
  }
  return tensor([1, 3, height, width], values);
}
