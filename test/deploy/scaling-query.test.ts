import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRecords, type OpenRecords } from '../../src/records/open.ts';
import { newJob } from '../records/conformance.ts';
import { newDataFolder } from '../support/embedded-template.ts';
import { manifestsIn } from './files.ts';

interface ScaledObject {
  readonly triggers: readonly { readonly type: string; readonly metadata: { readonly query: string } }[];
}

let opened: OpenRecords;
beforeAll(async () => {
  opened = await openRecords({ dataFolder: await newDataFolder() });
});
afterAll(() => opened.records.close());

it('counts the jobs that wait or are drawn, in the tables that the service makes', async () => {
  const { records } = opened;
  const { spec } = manifestsIn('deploy/kubernetes/keda').find(({ kind }) => kind === 'ScaledObject')!;
  const { triggers } = spec as ScaledObject;
  expect(triggers.map(({ type }) => type)).toEqual(['postgresql']);
  const client = await opened.queueEngine().pool.connect();
  const count = async (): Promise<number> => {
    const { rows } = await client.query(triggers[0]!.metadata.query);
    expect(rows).toHaveLength(1);
    return Number(Object.values(rows[0]!)[0]);
  };

  expect(await count()).toBe(0);
  const [first, second] = [newJob('one'), newJob('another')];
  for (const job of [first, second, newJob('one')]) await records.insertJob(job);
  expect(await count()).toBe(3);
  await records.startAttempt(first.tenant, first.id);
  expect(await count()).toBe(3);
  await records.requestCancel(second.tenant, second.id);
  expect(await count()).toBe(2);
  client.release();
});
