import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openFileStore } from '../../src/store/file-store.ts';
import { checkpointKey, mapKey, outputKey } from '../../src/store/keys.ts';
import type { ObjectStore } from '../../src/store/store.ts';
import { dropAttempt, tidyUp } from '../../src/worker/tidy-up.ts';

const folders: string[] = [];
let store: ObjectStore;

const attempts = [1, 2, 3].map((attempt) => ({ tenant: 'default', id: 'gen_a', attempt }));
const other = { ...attempts[0]!, id: 'gen_b' };

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'armature-tidy-'));
  folders.push(folder);
  store = await openFileStore(folder);
  for (const job of [...attempts, other]) {
    for (const key of [outputKey(job, 0, 'png'), mapKey(job, 0), checkpointKey(job)])
      await store.put(key, new Uint8Array(1), 'application/octet-stream');
  }
});
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

async function kept(): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('tenants/')) keys.push(key.replace('tenants/default/generations/', ''));
  return keys.toSorted();
}

describe('what an attempt leaves', () => {
  it('goes where the attempt came to nothing, and nothing else', async () => {
    const before = await kept();
    await dropAttempt(store, attempts[1]!);
    expect(await kept()).toEqual(before.filter((key) => !key.startsWith('gen_a/2/')));
  });

  it('is its results alone, where it has ended the job', async () => {
    const before = await kept();
    await tidyUp(store, attempts[2]!);
    expect(await kept()).toEqual(before.filter((key) => key.startsWith('gen_b/') || key.startsWith('gen_a/3/')));
  });
});
