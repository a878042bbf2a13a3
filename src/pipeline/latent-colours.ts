import { interpolatePlanes } from '../numeric/interpolate-planes.ts';
import { solveLinearSystem } from '../numeric/linear-system.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { TorchGenerator } from '../numeric/torch-generator.ts';
import type { RgbImage } from '../pixels/rgb-image.ts';
import type { LatentShape } from './pass.ts';
import { pictureFrom } from './pixels.ts';

/**
 * What colour a cell of latents has, about: for red, green and blue a weight for each channel, and a constant behind them. Values are
 * those of a decoder's picture, about -1..1.
 */
export type LatentColours = readonly (readonly number[])[];

/** Cells across and down of what a map is fitted to. */
const side = 32;

/**
 * Latents of the denoiser [1, channels, 32, 32] that a decoder is asked about: smooth fields of the size of what denoisers leave, coarse
 * ones and finer ones of half the strength. Always the same.
 */
export function askedLatents(channels: number): Tensor {
  const size = { width: side, height: side };
  const data = new Float32Array(channels * side * side);
  for (const [seed, cells, strength] of [
    [1, 4, 1],
    [2, 8, 0.5],
  ] as const) {
    const coarse = new TorchGenerator(seed).randn([1, channels, cells, cells]);
    const field = interpolatePlanes(coarse, { width: cells, height: cells }, size, 'bicubic');
    for (let i = 0; i < data.length; i++) data[i] = (data[i] ?? 0) + strength * (field[i] ?? 0);
  }
  return { dims: [1, channels, side, side], data };
}

/** The map that is nearest, in least squares over the cells, to what a decoder made of such latents: a picture [1, 3, H, W]. */
export function fitColours(latents: Tensor, picture: Tensor): LatentColours {
  const [, channels = 0, height = 0, width = 0] = latents.dims;
  const cells = height * width;
  const wanted = cellMeans(picture, height, width);
  const unknowns = channels + 1;
  const value = (unknown: number, cell: number): number =>
    unknown === channels ? 1 : (latents.data[unknown * cells + cell] ?? 0);
  const sumOver = (term: (cell: number) => number): number => {
    let sum = 0;
    for (let cell = 0; cell < cells; cell++) sum += term(cell);
    return sum;
  };
  const indices = Array.from({ length: unknowns }, (_, index) => index);
  const normal = indices.map((a) => indices.map((b) => sumOver((cell) => value(a, cell) * value(b, cell))));
  return wanted.map((plane) =>
    solveLinearSystem(
      normal,
      indices.map((a) => sumOver((cell) => value(a, cell) * (plane[cell] ?? 0))),
    ),
  );
}

/** The mean of each cell, a plane for each colour. */
function cellMeans({ dims, data }: Tensor, height: number, width: number): readonly Float64Array[] {
  const [, , rows = 0, columns = 0] = dims;
  const [across, down] = [columns / width, rows / height];
  return [0, 1, 2].map((colour) => {
    const plane = data.subarray(colour * rows * columns, (colour + 1) * rows * columns);
    const means = new Float64Array(height * width);
    for (let i = 0; i < plane.length; i++) {
      const cell = Math.floor(Math.floor(i / columns) / down) * width + Math.floor((i % columns) / across);
      means[cell] = (means[cell] ?? 0) + (plane[i] ?? 0) / (across * down);
    }
    return means;
  });
}

/** Latents as a picture of one pixel a cell. */
export function colouredLatents(colours: LatentColours, latents: Float32Array, shape: LatentShape): RgbImage {
  const [channels, height, width] = shape;
  const cells = height * width;
  const data = new Float32Array(3 * cells);
  for (const [colour, weights] of colours.entries()) {
    for (let cell = 0; cell < cells; cell++) {
      let sum = weights[channels] ?? 0;
      for (let channel = 0; channel < channels; channel++) {
        sum += (weights[channel] ?? 0) * (latents[channel * cells + cell] ?? 0);
      }
      data[colour * cells + cell] = sum;
    }
  }
  return pictureFrom({ dims: [1, 3, height, width], data });
}
