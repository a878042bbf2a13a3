import { expect, it } from 'vitest';
import { extendColours } from '../../src/pixels/extend-colours.ts';

const colours = (values: readonly number[]): Uint8Array =>
  Uint8Array.from(values.flatMap((value) => [value, 0, value]));

it('gives what is masked the colour of the nearest known pixel, and leaves that alone', () => {
  const image = { width: 4, height: 2, data: colours([1, 99, 99, 4, 5, 99, 99, 99]) };
  const { data } = extendColours(image, Uint8Array.of(0, 1, 1, 0, 0, 1, 1, 1));
  expect(data).toEqual(colours([1, 1, 4, 4, 5, 5, 5, 4]));
  expect(image.data[3]).toBe(99);
});

it('is black where nothing is known', () => {
  const { data } = extendColours({ width: 2, height: 1, data: colours([7, 8]) }, Uint8Array.of(1, 1));
  expect(data).toEqual(new Uint8Array(6));
});
