import { expect, it } from 'vitest';
import type { Tensor } from '../../src/numeric/tensor.ts';
import { askedLatents, colouredLatents, fitColours } from '../../src/pipeline/latent-colours.ts';

/** A decoder whose colours are a linear map of its latents, each cell 8 x 8 pixels. */
function linearDecoder(weights: readonly (readonly number[])[], { dims, data }: Tensor): Tensor {
  const [, channels = 0, height = 0, width = 0] = dims;
  const cells = height * width;
  const out = new Float32Array(3 * 64 * cells);
  weights.forEach((row, colour) => {
    for (let y = 0; y < 8 * height; y++) {
      for (let x = 0; x < 8 * width; x++) {
        const cell = (y >> 3) * width + (x >> 3);
        let sum = row[channels] ?? 0;
        for (let channel = 0; channel < channels; channel++)
          sum += (row[channel] ?? 0) * (data[channel * cells + cell] ?? 0);
        // A texture that means nothing.
        out[(colour * 8 * height + y) * 8 * width + x] = sum + (((x + y) & 1) === 0 ? 0.1 : -0.1);
      }
    }
  });
  return { dims: [1, 3, 8 * height, 8 * width], data: out };
}

const weights = [
  [0.3, 0.2, -0.1, 0.05, 0.1],
  [-0.2, 0.1, 0.4, 0, -0.05],
  [0, -0.3, 0.1, 0.25, 0.2],
];

it('what is linear is found as it is', () => {
  const asked = askedLatents(4);
  const found = fitColours(asked, linearDecoder(weights, asked));
  found.forEach((row, colour) =>
    row.forEach((value, i) => expect(value).toBeCloseTo(weights[colour]?.[i] ?? Number.NaN, 4)),
  );
});

it('what a decoder is asked about is the same every time, for any number of channels', () => {
  expect(askedLatents(4)).toEqual(askedLatents(4));
  const { dims, data } = askedLatents(16);
  expect(dims).toEqual([1, 16, 32, 32]);
  const spread = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
  expect(spread).toBeGreaterThan(0.5);
  expect(spread).toBeLessThan(2);
});

it('latents become a pixel a cell', () => {
  const latents = Float32Array.from([1, -1, 0, 0, 0, 0, 0, 0]);
  const picture = colouredLatents(
    [
      [1, 0, 0],
      [0, 0, 0.5],
      [0, 0, -4],
    ],
    latents,
    [2, 2, 2],
  );
  expect(picture.width).toBe(2);
  expect([...picture.data.subarray(0, 9)]).toEqual([255, 191, 0, 0, 191, 0, 128, 191, 0]);
});
