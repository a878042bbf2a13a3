import type { Size } from './size.ts';
import { tensor, type Tensor } from './tensor.ts';

/**
 * Planes [channels, height, width] with the values of each cell as channels, in the order channel, row, column, as torch's pixel_unshuffle
 * has them: [1, channels x cell^2, height / cell, width / cell]. `cell` divides both sides.
 */
export function cellsOf(values: Float32Array, channels: number, { width, height }: Size, cell: number): Tensor {
  const [rows, columns] = [height / cell, width / cell];
  const cells = new Float32Array(channels * width * height);
  let to = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < cell ** 2; pixel++) {
      const [down, right] = [Math.floor(pixel / cell), pixel % cell];
      for (let y = 0; y < rows; y++) {
        const from = channel * width * height + (y * cell + down) * width + right;
        for (let x = 0; x < columns; x++) cells[to++] = values[from + x * cell]!;
      }
    }
  }
  return tensor([1, channels * cell ** 2, rows, columns], cells);
}
