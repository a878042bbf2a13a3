import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DrawingState } from '../../src/drawing/checkpoint-port.ts';
import type { StoredJson } from '../../src/generation/stored-json.ts';
import { openRecords, type OpenRecords } from '../../src/records/open.ts';
import { openFileStore } from '../../src/store/file-store.ts';
import { checkpointKey } from '../../src/store/keys.ts';
import { encodeCheckpoint } from '../../src/worker/checkpoint-file.ts';
import { Checkpoints } from '../../src/worker/checkpoints.ts';
import { newJob } from '../records/conformance.ts';
import { drawing } from '../records/scheduling-conformance.ts';
import { newDataFolder } from '../support/embedded-template.ts';

let opened: OpenRecords;
let objects: string;
beforeAll(async () => {
  objects = await mkdtemp(join(tmpdir(), 'armature-objects-'));
  opened = await openRecords({ dataFolder: await newDataFolder() });
});
afterAll(async () => {
  await opened.records.close();
  await rm(objects, { recursive: true, force: true });
});

const state: DrawingState = { step: 3, pictures: [], warnings: [], batches: [1, 1, 1] };

/** A plan with a control as it was stored before plans had a version: reading it gives another plan than what is stored. */
function planOfBefore(): object {
  const control = { type: 'canny', model: { id: 'm', hash: 'h' }, resize: 'crop', scale: 1, start: 0, end: 1 };
  const source = { image: { key: 'k', sha256: 's' }, structure: null, data: null, preprocess: {}, resolution: null };
  return { ...drawing(64), controls: [{ ...control, mode: 'balanced', ...source }] };
}

it('an attempt goes on from the checkpoint of one that was begun before plans had a version', async () => {
  const { records, queueEngine } = opened;
  const store = await openFileStore(objects);
  const { tenant, id } = await records.insertJob(newJob());
  const { pool } = queueEngine();
  await pool.query('update armature.job set plan = $1::jsonb where id = $2', [JSON.stringify(planOfBefore()), id]);
  await records.startAttempt(tenant, id);
  // As the release of then did: the hash is of the plan as it had it from the database.
  const { rows } = await pool.query<{ plan: StoredJson<'plan'> }>('select plan from armature.job where id = $1', [id]);
  await store.put(checkpointKey({ tenant, id, attempt: 1 }), encodeCheckpoint(state, rows[0]!.plan), 'application/x');
  await records.faults.noteCheckpoint(id, 1, { attempt: 1, step: 3 });

  const job = (await records.startAttempt(tenant, id))!;
  expect(job.plan).toMatchObject({ controls: [{ source: { kind: 'photo' } }] });
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const next = new Checkpoints({ checkpointEveryMs: 1000, records, store, log }, job);
  expect(await next.load()).toEqual(state);

  // And the next one from its own.
  next.save({ ...state, step: 5 });
  await next.saved();
  const last = (await records.startAttempt(tenant, id))!;
  expect(last.checkpoint).toEqual({ attempt: 2, step: 5 });
  expect(await new Checkpoints({ checkpointEveryMs: 1000, records, store, log }, last).load()).toEqual({
    ...state,
    step: 5,
  });
});
