import { expect, test } from 'vitest';
import { sizeIds } from '../../../src/generation/picture-sizes.ts';
import { besideEachOther, ofNoText, withSizeIds } from '../../../src/pipeline/conditioning/added.ts';

const tensor = (dims: readonly number[], ...values: readonly number[]) => ({ dims, data: Float32Array.from(values) });

test('the contexts of two encoders stand beside each other, token by token', () => {
  const first = { context: tensor([2, 1], 1, 2) };
  const second = { context: tensor([2, 2], 10, 11, 20, 21), text_embeds: tensor([1], 7) };
  expect(besideEachOther([first, second])).toEqual({
    context: tensor([2, 3], 1, 10, 11, 2, 20, 21),
    text_embeds: tensor([1], 7),
  });
  expect(besideEachOther([first])).toEqual(first);
  expect(() => besideEachOther([first, { context: tensor([1, 1], 1) }])).toThrow('Expected 2 tokens');
});

test('no text is zeros in every place', () => {
  const conditioning = { context: tensor([1, 2], 3, 4), text_embeds: tensor([1], 5) };
  expect(ofNoText(conditioning)).toEqual({ context: tensor([1, 2], 0, 0), text_embeds: tensor([1], 0) });
  expect(conditioning.context.data[0]).toBe(3);
});

test('sizes are told as height and width, top and left; what is not said is the size of the pass', () => {
  const size = { width: 640, height: 512 };
  expect(sizeIds({ original: null, crop: [0, 0], target: null }, size)).toEqual([512, 640, 0, 0, 512, 640]);
  const told = sizeIds({ original: [768, 1024], crop: [8, 24], target: [500, 600] }, size);
  expect(told).toEqual([768, 1024, 8, 24, 500, 600]);
  expect(withSizeIds({}, told)).toEqual({ time_ids: tensor([6], 768, 1024, 8, 24, 500, 600) });
});
