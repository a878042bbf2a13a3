import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { TrainingLook } from '../../src/generation/training-look.ts';
import { StoredLooks } from '../../src/trainer/stored-looks.ts';
import type { TrainingEvent } from '../../src/training/contract/training-event.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';

const folder = temporaryFolder();
const { signal } = new AbortController();
const job = { tenant: 'default', id: 'trn_1' };
let put: string[];
let isDown: boolean;
let noted: TrainingLook[];
let errors: unknown[];

beforeEach(() => {
  [put, noted, errors, isDown] = [[], [], [], false];
});

function looksOf(every: number): StoredLooks {
  const store = {
    put: async (key: string): Promise<void> => {
      if (isDown) throw new Error('The store is down');
      await Promise.resolve(put.push(key));
    },
  };
  const note = async (look: TrainingLook): Promise<void> => await Promise.resolve(void noted.push(look));
  return new StoredLooks({ store, note, onError: (error) => errors.push(error) }, job, every);
}

/** What a training says when it is looked at after a step, of which one picture is new. */
async function lookAt(looks: StoredLooks, step: number): Promise<void> {
  const file = (name: string): string => {
    writeFileSync(join(folder, name), name);
    return join(folder, name);
  };
  const channels = { with: { mean: [0.5, 0.5, 0.5], spread: [0, 0, 0] }, without: null };
  const shown = { index: 0, prompt: 'a square', seed: 1 };
  const files = { map: file('map.png'), picture: file(`step-${step}.png`), without: file('without.png') };
  const figures = {
    step,
    loss: 0.5,
    ranges: [],
    measure: 'fidelity',
    own: 1,
    shuffled: 0,
    g: 1,
    interval: null,
  } as const;
  const events: readonly TrainingEvent[] = [
    { type: 'pictures', step, pictures: [{ ...shown, ...files }], channels },
    { type: 'fidelity', ...figures, maps: 1, ceiling: 1, holds: true },
  ];
  for (const event of events) await looks.after(event, signal);
}

test('keep figures and pictures of each; what is the same each time is put once', async () => {
  const looks = looksOf(10);
  await looks.after({ type: 'begun', step: 0, steps: 20 }, signal);
  for (const step of [0, 10, 20]) {
    for (const loss of [step, step + 2])
      if (step > 0) await looks.after({ type: 'progress', step, steps: 20, loss, rate: 1, norm: 1 }, signal);
    await lookAt(looks, step);
  }
  expect(noted.map(({ figures, trainingLoss }) => [figures.step, trainingLoss])).toEqual([
    [0, null],
    [10, 11],
    [20, 21],
  ]);
  expect(noted[0]!.channels.with?.mean).toEqual([0.5, 0.5, 0.5]);
  expect(noted[2]!.pictures).toMatchObject([{ prompt: 'a square', seed: 1, picture: { bytes: 'step-20.png'.length } }]);
  expect(put).toHaveLength(5);
  expect(new Set(put).size).toBe(5);
  for (const key of put) expect(key).toMatch(/^tenants\/default\/generations\/trn_1\/looks\/[0-9a-f]{64}$/);
});

test('of many, keep pictures of about fifty, the first and the last among them', async () => {
  const looks = looksOf(10);
  await looks.after({ type: 'begun', step: 0, steps: 995 }, signal);
  for (let step = 0; step <= 990; step += 10) await lookAt(looks, step);
  await lookAt(looks, 995);
  expect(noted).toHaveLength(101);
  const shown = noted.flatMap(({ figures: { step }, pictures }) => (pictures.length === 0 ? [] : [step]));
  expect(shown).toHaveLength(51);
  expect([shown.at(0), shown.at(1), shown.at(-1)]).toEqual([0, 20, 995]);
});

test('that cannot be stored keep their figures, and the training goes on', async () => {
  isDown = true;
  await lookAt(looksOf(1), 0);
  expect(noted).toMatchObject([{ figures: { step: 0 }, pictures: [] }]);
  expect(errors).toHaveLength(1);
  await expect(looksOf(1).after({ type: 'validating', stage: 'reading', done: 0, of: 1 }, signal)).resolves.toBe(
    undefined,
  );
});
