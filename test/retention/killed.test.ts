import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { JobOutput } from '../../src/generation/job.ts';
import { newBatchId, newJobId } from '../../src/records/schema/ids.ts';
import { openRecords } from '../../src/records/open.ts';
import type { Records } from '../../src/records/records.ts';
import { sweep } from '../../src/retention/sweep.ts';
import { openFileStore } from '../../src/store/file-store.ts';
import { inputKey, outputKey } from '../../src/store/keys.ts';
import type { ObjectStore } from '../../src/store/store.ts';
import { newJob, result } from '../records/conformance.ts';
import { newDataFolder } from '../support/embedded-template.ts';
import { Service } from '../support/service.ts';

const tenant = 'default';
const outputs = 3;
const picture = Buffer.alloc(1000, 7);

let service: Service | undefined;
afterEach(async () => await service?.stop('SIGKILL'));

async function within<T>(data: string, work: (records: Records, store: ObjectStore) => Promise<T>): Promise<T> {
  const { records } = await openRecords({ dataFolder: data });
  try {
    return await work(records, await openFileStore(data));
  } finally {
    await records.close();
  }
}

/** Ends a job well whose files are in the store, its input too. */
async function finish(records: Records, store: ObjectStore, id: string, input: string): Promise<void> {
  await store.put(input, picture, 'image/png');
  const { attempt } = (await records.startAttempt(tenant, id))!;
  const files = Array.from({ length: outputs }, async (_, index): Promise<JobOutput> => {
    const key = outputKey({ tenant, id, attempt }, index, 'png');
    await store.put(key, picture, 'image/png');
    return { key, contentType: 'image/png', bytes: 1000, sha256: '00', width: 8, height: 8, seed: 1 };
  });
  await records.commitResult(id, attempt, { ...result, outputs: await Promise.all(files), maps: [] });
}

const inputOf = (index: number): string => inputKey(tenant, String(index).padStart(64, '0'));

/** Plan of a job that uses this input. */
const planWith = (key: string) =>
  ({ ...newJob().plan, image: { key, sha256: '00' } }) as ReturnType<typeof newJob>['plan'];

/** A data folder with so many jobs that have ended, each with an input of its own; returns their ids. */
async function seedJobs(data: string, count: number): Promise<readonly string[]> {
  return await within(data, async (records, store) => {
    const ids: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const input = inputOf(index);
      await records.pictures.claim(tenant, [{ key: input, bytes: 1000 }], []);
      const { id } = await records.insertJob(newJob(tenant, { plan: planWith(input) }));
      await records.pictures.release([input], true);
      await finish(records, store, id, input);
      ids.push(id);
    }
    return ids;
  });
}

/** The same in one batch. */
async function seedBatch(
  data: string,
  count: number,
): Promise<{ readonly id: string; readonly ids: readonly string[] }> {
  return await within(data, async (records, store) => {
    const id = newBatchId();
    const items = Array.from({ length: count }, (_, index) => {
      return { id: newJobId(), plan: planWith(inputOf(index)), warnings: [], metadata: null, priority: 3 };
    });
    const inputs = items.map((_, index) => inputOf(index));
    await records.pictures.claim(
      tenant,
      inputs.map((key) => ({ key, bytes: 1000 })),
      [],
    );
    await records.batches.insert({ id, tenant, name: null, metadata: null, axes: null }, items);
    await records.pictures.release(inputs, true);
    for (const [index, item] of items.entries()) await finish(records, store, item.id, inputOf(index));
    return { id, ids: items.map((item) => item.id) };
  });
}

/** Names of the folders and files below a folder of the tenant. */
function kept(data: string, folder: 'generations' | 'inputs'): readonly string[] {
  return readdirSync(`${data}/objects/tenants/${tenant}/${folder}`).toSorted();
}

/** Those of the jobs that a new process still shows: each with all its files. */
async function readable(data: string, ids: readonly string[]): Promise<readonly string[]> {
  service = await Service.start({ data });
  const whole: string[] = [];
  for (const id of ids) {
    const paths = [id, ...Array.from({ length: outputs }, (_, index) => `${id}/outputs/${index}`)];
    const answers = await Promise.all(paths.map(async (path) => await service!.fetch(`/v1/generations/${path}`)));
    const statuses = new Set(
      await Promise.all(answers.map(async (answer) => (await answer.arrayBuffer(), answer.status))),
    );
    expect([[200], [404]], id).toContainEqual([...statuses]);
    if (statuses.has(200)) whole.push(id);
  }
  await service.stop('SIGKILL');
  return whole;
}

const log = { info() {}, warn: (facts: object) => process.emitWarning(JSON.stringify(facts)) };

/** What the next sweep, and for batches the reconciler before it, does. */
async function goOn(data: string): Promise<void> {
  await within(data, async (records, store) => {
    await records.batches.discardAbandoned(new Date(), new AbortController().signal);
    const parts = { records, store, log, clock: () => new Date() };
    await sweep(parts, { age: null, bytes: null }, new AbortController().signal);
  });
}

describe('a deletion whose process is killed', () => {
  it('leaves whole jobs or none, and the next sweep finishes it', async () => {
    const data = await newDataFolder();
    const count = 60;
    const ids = await seedJobs(data, count);
    service = await Service.start({ data });
    let answered = 0;
    const requests = ids.map(async (id) => {
      await service!.fetch(`/v1/generations/${id}`, { method: 'DELETE' }).catch(() => {});
      if ((answered += 1) === 10) await service!.stop('SIGKILL');
    });
    await Promise.all(requests);

    const whole = await readable(data, ids);
    const files = kept(data, 'generations');
    expect(whole.length).toBeLessThan(count);
    // More are there where it was killed between a job and its files.
    expect(files.length).toBeGreaterThanOrEqual(whole.length);
    await goOn(data);
    expect(kept(data, 'generations')).toEqual(whole.toSorted());
    const inputs = ids.flatMap((id, index) => (whole.includes(id) ? [inputOf(index).split('/').at(-1)!] : []));
    expect(kept(data, 'inputs')).toEqual(inputs.toSorted());
  });

  it('of a batch leaves none of it in sight, and the next sweep finishes it', async () => {
    const data = await newDataFolder();
    const { id, ids } = await seedBatch(data, 120);
    service = await Service.start({ data });
    const request = service.fetch(`/v1/batches/${id}`, { method: 'DELETE' }).then(
      ({ status }) => status,
      () => 'cut off',
    );
    while ((await service.fetch(`/v1/batches/${id}`)).status === 200);
    await service.stop('SIGKILL');
    // On a busy machine it was answered before: the rest was going on behind the answer.
    expect(['cut off', 202]).toContain(await request);

    const whole = await readable(data, ids);
    // Items that were not yet come to are still whole, each by itself.
    expect(kept(data, 'generations').length).toBeGreaterThanOrEqual(whole.length);
    await goOn(data);
    expect(kept(data, 'generations')).toEqual([]);
    expect(kept(data, 'inputs')).toEqual([]);
  });
});
