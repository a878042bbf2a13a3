import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CheckpointFolder } from '../../src/training/checkpoints.ts';
import { EncodedCache, asLevels } from '../../src/training/encoded-cache.ts';
import { type OptimizerState, optimizerOf } from '../../src/training/optimizer/optimizer.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';

const folder = temporaryFolder();
let clock = 0;
const open = (name: string, training = 'one'): CheckpointFolder =>
  new CheckpointFolder(join(folder, name), training, () => clock);

function stateOf(first: number): OptimizerState {
  const state = optimizerOf(Float32Array.of(first, 2, 3), true);
  state.moments.first.fill(first / 3);
  state.moments.second.fill(first / 7);
  state.averages?.fill(first / 11);
  return state;
}

test('the newest checkpoint is read again, all of it, and older ones are gone', async () => {
  const checkpoints = open('read');
  expect(await checkpoints.restore(stateOf(0))).toBe(0);
  await checkpoints.write(4, stateOf(1));
  await checkpoints.write(10, stateOf(5));
  expect(readdirSync(join(folder, 'read'))).toEqual(['step-10']);
  const state = stateOf(0);
  expect(await open('read').restore(state)).toBe(10);
  expect(state).toEqual(stateOf(5));
});

test.each([
  ['weights with another bit', 'weights', 'weights has other bytes'],
  ['moments that are cut off', 'first-moments', 'first-moments has other bytes'],
  ['a list that is none', 'checkpoint.json', 'checkpoint.json cannot be read'],
])('%s are not gone on from', async (what, name, reason) => {
  await open(what).write(3, stateOf(1));
  const path = join(folder, what, 'step-3', name);
  const bytes = readFileSync(path);
  writeFileSync(path, name === 'weights' ? bytes.map((byte) => byte ^ 1) : bytes.subarray(0, 7));
  await expect(open(what).restore(stateOf(0))).rejects.toThrow(reason);
});

test('one of another training is refused, and a draft that was left is none', async () => {
  await open('other').write(3, stateOf(1));
  await expect(open('other', 'two').restore(stateOf(0))).rejects.toThrow('it is one of another training');
  const draft = join(folder, 'other', 'draft');
  await open('other').write(5, stateOf(2));
  mkdirSync(draft);
  writeFileSync(join(draft, 'weights'), 'half');
  expect(await open('other').restore(stateOf(0))).toBe(5);
  expect(readdirSync(join(folder, 'other'))).toEqual(['step-5']);
});

test('one is due after five steps and twenty seconds, and never for more than a twentieth of the time', async () => {
  clock = 1000;
  const checkpoints = open('due');
  await checkpoints.restore(stateOf(0));
  const dueAt = (step: number, at: number): boolean => {
    clock = at;
    return checkpoints.isDue(step);
  };
  expect([dueAt(4, 99_000), dueAt(5, 20_999), dueAt(5, 21_000)]).toEqual([false, false, true]);
  const slow = new CheckpointFolder(join(folder, 'slow'), 'one', () => (clock += 2000));
  await slow.write(5, stateOf(1));
  const wrote = clock;
  expect([dueWith(slow, 50, wrote + 30_000), dueWith(slow, 50, wrote + 200_000)]).toEqual([false, true]);
});

function dueWith(checkpoints: CheckpointFolder, step: number, at: number): boolean {
  clock = at;
  return checkpoints.isDue(step);
}

test('what locked networks make is made once, and once more where a file of it is damaged', async () => {
  const cache = new EncodedCache(join(folder, 'cache'));
  let made = 0;
  const levels = Float32Array.from({ length: 50 }, (_, index) => (index === 0 ? -1 : index / 255));
  const get = async (length = 50): Promise<Float32Array> =>
    await cache.get(['map', 1], length, async () => await Promise.resolve((made++, levels)), asLevels);
  expect(await get()).toEqual(levels);
  expect(await get()).toEqual(levels);
  expect(made).toBe(1);
  const [inner = ''] = readdirSync(join(folder, 'cache'));
  const [name = ''] = readdirSync(join(folder, 'cache', inner));
  writeFileSync(join(folder, 'cache', inner, name), 'damaged');
  expect(await get()).toEqual(levels);
  expect(made).toBe(2);
});
