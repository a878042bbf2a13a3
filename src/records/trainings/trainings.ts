import { sql, type Kysely, type Selectable } from 'kysely';
import type { Payer } from '../../generation/kinds/training/job-plan.ts';
import type { MadeModel } from '../../generation/made-model.ts';
import type { JobResult } from '../../generation/job.ts';
import { storedCheckpoint } from '../../generation/stored-job.ts';
import { storedLook, type TrainingLook } from '../../generation/training-look.ts';
import { sqlUsage } from '../access/usage.ts';
import { appendEvent } from '../jobs/append-event.ts';
import { commitResult, runsAs } from '../jobs/transitions.ts';
import type { Tables, TrainedModelTable } from '../schema/schema.ts';
import { storableJson } from '../database/storable-json.ts';

/** A model that a training made, as it is kept. */
export interface TrainedModel extends MadeModel {
  readonly bytes: number;
  readonly published: boolean;
  readonly createdAt: Date;
}

/** Whose a model is, and whether everybody sees it. */
export type ModelOwner = Pick<TrainedModel, 'id' | 'tenant' | 'published'>;

export type Publication =
  | { readonly kind: 'published'; readonly model: TrainedModel }
  | { readonly kind: 'absent' }
  /** Everybody sees the model `other` for maps of that name already. */
  | { readonly kind: 'taken'; readonly other: string };

/** Something of a training that people want to know when it happens. */
export interface TrainingNotice {
  readonly code: string;
  readonly step: number;
  readonly message: string;
}

/** What records know of trainings beside their jobs, and the models that came of them. */
export interface TrainingRecords {
  /** What was found in the set of a training; false where the job has moved on. */
  noteReport(id: string, attempt: number, report: object): Promise<boolean>;
  /**
   * Notes from which step the training goes on, wherever. So much was done: faults of before are forgiven, as those who are long at work meet with many. False where
   * the job has moved on.
   */
  noteCheckpoint(id: string, attempt: number, step: number): Promise<boolean>;
  /**
   * Keeps what a training showed, by its step: one that is gone on with may show the same again. The first time is the event `validation`. False where the job has moved on.
   */
  noteLook(id: string, attempt: number, look: TrainingLook): Promise<boolean>;
  /** Tells, as the event `notice`, what people want to know when it happens: once for each code and step. False where the job has moved on. */
  noteNotice(id: string, attempt: number, notice: TrainingNotice): Promise<boolean>;
  /** What it was told of so. */
  notices(id: string): Promise<readonly TrainingNotice[]>;
  /** What it showed, in the order of its steps: at most `limit` after the step `after`. */
  looks(id: string, page: { readonly after: number; readonly limit: number }): Promise<readonly TrainingLook[]>;
  /** What it showed after a step; null where it showed nothing. */
  look(id: string, step: number): Promise<TrainingLook | null>;
  /** What a training costs, once its steps are known: the difference goes to the account of `payer`, once. False where the job has moved on. */
  settleCost(id: string, attempt: number, cost: number, payer: Payer | null): Promise<boolean>;
  /** What was found in the set; null where it was not read yet. */
  report(id: string): Promise<Readonly<Record<string, unknown>> | null>;
  /** The model that a tenant's training made; null before its end, and where it was deleted. */
  madeBy(tenant: string, jobId: string): Promise<TrainedModel | null>;
  /** The model of an id, whoever's it is; null where there is none. */
  find(id: string): Promise<TrainedModel | null>;
  /** Bytes of the models that a tenant alone sees. */
  bytesOf(tenant: string): Promise<number>;
  /** Whose every model is, by id: asked for at each look at the library, it says nothing of files. */
  owners(): Promise<readonly ModelOwner[]>;
  /** Which of these models there are. */
  known(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Lets everybody see a model; with `alone` no other one that everybody sees may be for maps of its name. */
  publish(id: string, alone: boolean): Promise<Publication>;
  /** Takes a tenant's model out of the library; null where it has none of that id. Its objects are the caller's to delete. */
  deleteModel(tenant: string, id: string): Promise<TrainedModel | null>;
}

export function sqlTrainings(db: Kysely<Tables>): TrainingRecords {
  return {
    async noteReport(id, attempt, report) {
      const { rows } = await sql`
        insert into ${sql.table('armature.training')} (job_id, report)
        select id, ${storableJson(report)}::jsonb from ${sql.table('armature.job')}
        where id = ${id} and attempt = ${attempt} and status = 'running'
        on conflict (job_id) do update set report = excluded.report returning job_id`.execute(db);
      return rows.length > 0;
    },
    async noteCheckpoint(id, attempt, step) {
      const row = await db
        .updateTable('job')
        .set({ checkpoint: JSON.stringify(storedCheckpoint.write({ attempt, step })), strikes: 0, losses: 0 })
        .where(runsAs(id, attempt))
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },
    noteLook: (id, attempt, look) =>
      db.transaction().execute(async (within) => {
        const isRunning = await within.selectFrom('job').select('id').where(runsAs(id, attempt)).executeTakeFirst();
        if (isRunning === undefined) return false;
        const { step } = look.figures;
        const written = storableJson(storedLook.write(look));
        const isNew = await within
          .insertInto('training_look')
          .values({ job_id: id, step, look: written })
          .onConflict((conflict) => conflict.doNothing())
          .returning('step')
          .executeTakeFirst();
        if (isNew !== undefined) return await appendEvent(within, { id, attempt }, 'validation', { ...look.figures });
        await within
          .updateTable('training_look')
          .set({ look: written })
          .where('job_id', '=', id)
          .where('step', '=', step)
          .execute();
        return true;
      }),
    noteNotice: (id, attempt, { code, step, message }) =>
      db.transaction().execute(async (within) => {
        const isTold = await within
          .selectFrom('job_event')
          .select('seq')
          .where('job_id', '=', id)
          .where('type', '=', 'notice')
          .where(sql<boolean>`data @> ${JSON.stringify({ code, step })}::jsonb`)
          .executeTakeFirst();
        return isTold !== undefined || (await appendEvent(within, { id, attempt }, 'notice', { code, step, message }));
      }),
    async notices(id) {
      const rows = await db
        .selectFrom('job_event')
        .select('data')
        .where('job_id', '=', id)
        .where('type', '=', 'notice')
        .orderBy('seq')
        .execute();
      return rows.map(({ data }) => {
        const { code, step, message } = data as unknown as TrainingNotice;
        return { code, step, message };
      });
    },
    async looks(id, { after, limit }) {
      const rows = await db
        .selectFrom('training_look')
        .select('look')
        .where('job_id', '=', id)
        .where('step', '>', after)
        .orderBy('step')
        .limit(limit)
        .execute();
      return rows.map(({ look }) => storedLook.read(look));
    },
    async look(id, step) {
      const row = await db
        .selectFrom('training_look')
        .select('look')
        .where('job_id', '=', id)
        .where('step', '=', step)
        .executeTakeFirst();
      return row === undefined ? null : storedLook.read(row.look);
    },
    settleCost: (id, attempt, cost, payer) =>
      db.transaction().execute(async (within) => {
        const row = await within
          .selectFrom('job')
          .select('cost')
          .where(runsAs(id, attempt))
          .forUpdate()
          .executeTakeFirst();
        if (row === undefined) return false;
        if (row.cost === cost) return true;
        await within.updateTable('job').set({ cost }).where('id', '=', id).execute();
        if (payer !== null) await sqlUsage(within).add({ ...payer, start: new Date(payer.start) }, cost - row.cost);
        return true;
      }),
    async report(id) {
      const row = await db.selectFrom('training').select('report').where('job_id', '=', id).executeTakeFirst();
      return row?.report ?? null;
    },
    async madeBy(tenant, jobId) {
      const row = await db
        .selectFrom('trained_model')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('job_id', '=', jobId)
        .executeTakeFirst();
      return row === undefined ? null : modelFromRow(row);
    },
    async find(id) {
      const row = await db.selectFrom('trained_model').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : modelFromRow(row);
    },
    async bytesOf(tenant) {
      const row = await db
        .selectFrom('trained_model')
        .select(sql<string | null>`sum(bytes)`.as('bytes'))
        .where('tenant', '=', tenant)
        .where('published', '=', false)
        .executeTakeFirst();
      return Number(row?.bytes ?? 0);
    },
    async owners() {
      return await db.selectFrom('trained_model').select(['id', 'tenant', 'published']).orderBy('id').execute();
    },
    async known(ids) {
      if (ids.length === 0) return new Set();
      const rows = await db
        .selectFrom('trained_model')
        .select('id')
        .where('id', 'in', [...ids])
        .execute();
      return new Set(rows.map(({ id }) => id));
    },
    publish: (id, alone) => db.transaction().execute(async (within) => await publish(within, id, alone)),
    async deleteModel(tenant, id) {
      const row = await db
        .deleteFrom('trained_model')
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? null : modelFromRow(row);
    },
  };
}

/** Key of the advisory lock under which models are published: the letters PUBL. */
const publishLock = 0x5055424c;

async function publish(db: Kysely<Tables>, id: string, alone: boolean): Promise<Publication> {
  // Of two of one name that are published at once the second sees the first.
  await sql`select pg_advisory_xact_lock(${sql.lit(publishLock)})`.execute(db);
  const row = await db.selectFrom('trained_model').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  if (row === undefined) return { kind: 'absent' };
  if (alone && row.condition !== null) {
    const other = await db
      .selectFrom('trained_model')
      .select('id')
      .where('condition', '=', row.condition)
      .where('published', '=', true)
      .where('id', '!=', id)
      .executeTakeFirst();
    if (other !== undefined) return { kind: 'taken', other: other.id };
  }
  await db.updateTable('trained_model').set({ published: true }).where('id', '=', id).execute();
  return { kind: 'published', model: modelFromRow({ ...row, published: true }) };
}

/** See {@link Records.commitResult}: the end of a job and the model that it made, or neither. */
export async function commitMade(
  db: Kysely<Tables>,
  id: string,
  attempt: number,
  result: JobResult,
  model: MadeModel | undefined,
): Promise<boolean> {
  if (model === undefined) return await commitResult(db, id, attempt, result);
  return await db.transaction().execute(async (within) => {
    if (!(await commitResult(within, id, attempt, result))) return false;
    const { jobId, files, ...own } = model;
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    await within
      .insertInto('trained_model')
      .values({ ...own, job_id: jobId, files: JSON.stringify(files), bytes })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    return true;
  });
}

function modelFromRow(row: Selectable<TrainedModelTable>): TrainedModel {
  return {
    id: row.id,
    tenant: row.tenant,
    jobId: row.job_id,
    kind: row.kind,
    condition: row.condition,
    files: row.files,
    bytes: Number(row.bytes),
    published: row.published,
    createdAt: row.created_at,
  };
}
