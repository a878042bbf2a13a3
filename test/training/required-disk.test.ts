import { expect, test } from 'vitest';
import { resolveTrained, resolveTraining } from '../../src/generation/kinds/training/resolve.ts';
import { check } from '../../src/generation/parse.ts';
import { trainingRequest } from '../../src/generation/request/training.ts';
import { requiredDisk } from '../../src/training/required-disk.ts';
import { smallBase } from './small-training.ts';

const base = await smallBase('sd15-tiny');
const shapes = { latents: [1, 4, 8, 8], map: [1], caption: 100 } as unknown as Parameters<typeof requiredDisk>[1];

test('the disk that a training asks for holds its pairs, two checkpoints, its best weights and every model', () => {
  const bytesOf = (wish: object): number => {
    const request = check(trainingRequest, { kind: 'lora', steps: 10, ...wish });
    const trained = resolveTrained(request, base, 'x');
    const given = { base, vae: null, init: null, trained, halvings: 3, name: 'x', seed: 1, pairs: 5, heldOut: 0 };
    return requiredDisk(5, shapes, resolveTraining(request, given), 1000);
  };
  const pairs = 4 * 5 * (2 * 256 + 100);
  expect(bytesOf({})).toBe(pairs + 4000 * (2 * 3 + 1));
  expect(bytesOf({ flip: true })).toBe(pairs + 4 * 5 * 2 * 256 + 4000 * 7);
  expect(bytesOf({ ema: 0.9 })).toBe(pairs + 4000 * (2 * 4 + 1));
  expect(bytesOf({ validation: {} })).toBe(pairs + 4000 * 8);
  expect(bytesOf({ keep: 3 })).toBe(pairs + 4000 * (7 + 3));
  // Of so few steps there are no more.
  expect(bytesOf({ keep: 50 })).toBe(pairs + 4000 * (7 + 9));
  expect(bytesOf({ steps: undefined, minutes: 5, keep: 3 })).toBe(pairs + 4000 * (7 + 3));
});
