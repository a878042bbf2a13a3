import { expect, it } from 'vitest';
import { mirrored } from '../../src/pixels/mirror.ts';

it('exchanges left and right of a picture and of its mask, row by row', () => {
  const pixel = (value: number): readonly number[] => [value, value + 1, value + 2];
  const image = {
    width: 3,
    height: 2,
    data: Uint8Array.from([10, 20, 30, 40, 50, 60].flatMap(pixel)),
    masked: Uint8Array.of(1, 0, 0, 0, 1, 0),
  };
  const turned = mirrored(image);
  expect(turned).toEqual({
    width: 3,
    height: 2,
    data: Uint8Array.from([30, 20, 10, 60, 50, 40].flatMap(pixel)),
    masked: Uint8Array.of(0, 0, 1, 0, 1, 0),
  });
  expect(mirrored(turned)).toEqual(image);
  expect(mirrored({ width: 3, height: 2, data: image.data })).not.toHaveProperty('masked');
});
