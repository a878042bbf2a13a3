import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sweepScratch } from '../../src/trainer/scratch.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';

const folder = temporaryFolder();

test('what a machine has of trainings that have ended, or that are gone, is deleted, and nothing else', async () => {
  const drafts = join(folder, 'drafts');
  const running = ['trn_waits', 'trn_runs'];
  for (const name of [...running, 'trn_ended', 'trn_gone', 'others', 'drafts/old', 'drafts/new'])
    mkdirSync(join(folder, name, 'output'), { recursive: true });
  writeFileSync(join(folder, 'trn_ended', 'output', 'weights'), 'weights');
  const longAgo = new Date(Date.now() - 25 * 3_600_000);
  utimesSync(join(drafts, 'old'), longAgo, longAgo);
  const job = (ended: boolean) => ({ attempt: 1, ended });
  const known = new Map([...running.map((id) => [id, job(false)] as const), ['trn_ended', job(true)] as const]);
  const parts = {
    folder,
    drafts,
    records: { retention: { knownJobs: async () => known } },
    log: { warn: () => {} },
  };
  expect(await sweepScratch(parts, AbortSignal.abort())).toEqual([]);
  const deleted = await sweepScratch(parts, new AbortController().signal);
  expect(deleted.toSorted()).toEqual(['old', 'trn_ended', 'trn_gone']);
  expect(readdirSync(folder).toSorted()).toEqual(['drafts', 'others', 'trn_runs', 'trn_waits']);
  expect(readdirSync(drafts)).toEqual(['new']);
  expect(await sweepScratch({ ...parts, folder: join(folder, 'none') }, new AbortController().signal)).toEqual([]);
});
