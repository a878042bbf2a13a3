import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { openFileStore } from '../../src/store/file-store.ts';
import type { ObjectStore } from '../../src/store/store.ts';
import { StoredCheckpoints } from '../../src/trainer/stored-checkpoints.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';

const root = temporaryFolder();
const never = new AbortController().signal;
let store: ObjectStore;
let job: { readonly tenant: string; readonly id: string };
let isOurs: boolean;
let machines = 0;

beforeEach(async () => {
  store = await openFileStore(join(root, 'store'));
  job = { tenant: 'default', id: `trn_${(machines += 1)}` };
  isOurs = true;
});

interface Machine {
  readonly output: string;
  readonly checkpoints: StoredCheckpoints;
}

function machine(own: ObjectStore = store): Machine {
  const folder = join(root, `machine ${(machines += 1)}`);
  const output = join(folder, 'output');
  const parts = { store: own, note: async () => isOurs, onError: () => {} };
  return { output, checkpoints: new StoredCheckpoints(parts, job, output, join(folder, 'held')) };
}

/** As a training leaves it at a step. */
async function reach({ output, checkpoints }: Machine, step: number): Promise<void> {
  const folder = checkpointOf(output, step);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'weights'), `weights of ${step}`);
  writeFileSync(join(folder, 'checkpoint.json'), `hashes of ${step}`);
  writeFileSync(join(output, 'training.json'), 'the plan');
  await checkpoints.hold(step, folder);
  await checkpoints.stored();
}

function checkpointOf(output: string, step: number): string {
  return join(output, 'work', 'checkpoints', `step-${step}`);
}

function weightsOf(output: string, step: number): string {
  return readFileSync(join(checkpointOf(output, step), 'weights'), 'utf8');
}

/** Killed after so many objects were read of it. */
function diesAfter(reads: number): ObjectStore {
  let left = reads;
  return {
    ...store,
    read: async (...asked) => {
      if ((left -= 1) < 0) throw new Error('killed');
      return await store.read(...asked);
    },
  };
}

test('a checkpoint that a machine had half of when it was killed is brought once more', async () => {
  await reach(machine(), 5);
  for (const reads of [0, 1, 2]) {
    const dying = machine(diesAfter(reads));
    await expect(dying.checkpoints.restore(never)).rejects.toThrow('killed');
    const again = new StoredCheckpoints(
      { store, note: async () => true, onError: () => {} },
      job,
      dying.output,
      join(dying.output, '..', 'held'),
    );
    expect(await again.restore(never)).toBe(5);
    expect(weightsOf(dying.output, 5)).toBe('weights of 5');
    expect(readFileSync(join(checkpointOf(dying.output, 5), 'checkpoint.json'), 'utf8')).toBe('hashes of 5');
    expect(readFileSync(join(dying.output, 'training.json'), 'utf8')).toBe('the plan');
  }
});

test('a checkpoint here that is as new stays, and an older one goes', async () => {
  const first = machine();
  await reach(first, 5);
  writeFileSync(join(checkpointOf(first.output, 5), 'weights'), 'own');
  expect(await first.checkpoints.restore(never)).toBe(5);
  expect(weightsOf(first.output, 5)).toBe('own');
  const other = machine();
  await other.checkpoints.restore(never);
  await reach(other, 9);
  expect(await first.checkpoints.restore(never)).toBe(9);
  expect(weightsOf(first.output, 9)).toBe('weights of 9');
  expect(() => weightsOf(first.output, 5)).toThrow('ENOENT');
});

test('one that a worker left which came too late, without its objects, is passed over', async () => {
  await reach(machine(), 5);
  const prefix = `tenants/default/generations/${job.id}/checkpoints/`;
  const late = {
    version: 1,
    step: 7,
    files: [{ name: 'losses.jsonl', parts: [{ key: `${prefix}files/0`, bytes: 3 }] }],
  };
  await store.put(`${prefix}step-7.json`, Buffer.from(JSON.stringify(late)), 'application/json');
  const other = machine();
  expect(await other.checkpoints.restore(never)).toBe(5);
  expect(weightsOf(other.output, 5)).toBe('weights of 5');
});
