import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { costOfDrawing } from '../../src/generation/cost.ts';
import { kindOf } from '../../src/generation/kinds/kinds.ts';
import type { GenerationPlan } from '../../src/generation/plan.ts';
import { takeTurns } from '../../src/queue/turns.ts';
import { newBatchId } from '../../src/records/schema/ids.ts';
import type { OpenRecords } from '../../src/records/open.ts';
import type { Records } from '../../src/records/records.ts';
import type { ChooseTurns, Waiting } from '../../src/records/scheduling/turns.ts';
import { planFor } from '../support/draw-request.ts';
import { newJob, result } from './conformance.ts';
import type { NewJob } from '../../src/records/jobs/new-job.ts';

/** A plan that costs width x 64 x 10 pixel steps. */
export function drawing(width: number): GenerationPlan {
  return planFor({ id: 'm', hash: 'h' }, { width, steps: 10 });
}

/** Who waits and who is next, in every place of records. */
export function schedulingConformance(name: string, open: () => Promise<OpenRecords>): void {
  describe(`scheduling over ${name}`, () => {
    let opened: OpenRecords;
    let records: Records;
    const insert = (tenant: string, given: Partial<NewJob> = {}) => records.insertJob(newJob(tenant, given));
    const dispatch = async (tenant: number, total = 1000, choose: ChooseTurns = takeTurns) =>
      (await records.scheduling.dispatch(choose, { tenant, total }))!.tickets.map(({ id }) => id);
    const query = async (text: string) => await opened.queueEngine().pool.query(text);
    /** What a pass sees. */
    const look = async (tenant = 1000): Promise<Waiting | null> => {
      let seen: Waiting | null = null;
      await dispatch(tenant, 1000, (waiting) => {
        seen = waiting;
        return { tickets: [], deficits: new Map(), more: false };
      });
      return seen;
    };

    beforeAll(async () => {
      opened = await open();
      ({ records } = opened);
    });
    // Passes see all tenants: each case starts where nobody waits or runs.
    beforeEach(async () => {
      const client = await opened.queueEngine().pool.connect();
      await client.query("update armature.job set status = 'cancelled' where status in ('queued', 'running')");
      await client.query('delete from armature.tenant_turn');
      client.release();
    });
    afterAll(() => records.close());

    it('shows nobody where nobody waits', async () => {
      expect(await look()).toBeNull();
    });

    it('shows each tenant with its jobs in the order of their turns', async () => {
      const [first, second] = [await insert('one', { plan: drawing(64) }), await insert('one')];
      const urgent = await insert('one', { priority: 9 });
      const other = await insert('two', { priority: 0 });
      const seen = (await look())!;
      expect(seen.dispatched).toBe(0);
      expect(seen.tenants).toMatchObject([
        { tenant: 'one', dispatched: 0, deficit: 0, flows: [{ batch: null, lastDispatch: null, more: false }] },
        {
          tenant: 'two',
          flows: [{ jobs: [{ id: other.id, priority: 0, cost: kindOf(other.plan).cost(other.plan) }] }],
        },
      ]);
      const [flow] = seen.tenants[0]!.flows;
      expect(flow!.jobs.map(({ id }) => id)).toEqual([urgent.id, first.id, second.id]);
      expect(flow!.jobs[1]).toMatchObject({ priority: 5, cost: 64 * 64 * 10 });
      expect(Math.abs(flow!.jobs[1]!.createdAt - first.createdAt.getTime() / 1000)).toBeLessThan(0.01);
      expect(seen.now).toBeGreaterThanOrEqual(flow!.jobs[1]!.createdAt);
    });

    it('moves each job once, and counts it until it has ended', async () => {
      const jobs = [await insert('one'), await insert('one'), await insert('one')];
      const [first, second, third] = jobs.map(({ id }) => id);
      expect(await dispatch(2)).toEqual([first, second]);
      expect(await dispatch(2)).toEqual([]);
      expect(await look(2)).toMatchObject({ dispatched: 2, tenants: [{ dispatched: 2, flows: [] }] });
      await records.startAttempt('one', first!);
      expect(await dispatch(2)).toEqual([]);
      await records.commitResult(first!, 1, result);
      expect(await dispatch(2)).toEqual([third]);
    });

    it('never moves a job that was cancelled while it waited', async () => {
      const [job, other] = [await insert('one'), await insert('one')];
      await records.requestCancel('one', job.id);
      expect(await dispatch(5)).toEqual([other.id]);
    });

    it('leaves a job out that is cancelled during the pass', async () => {
      const [job, other] = [await insert('one'), await insert('one')];
      const taken = await dispatch(5, 5, (waiting, windows) => {
        const turns = takeTurns(waiting, windows);
        return {
          ...turns,
          tickets: turns.tickets.map((turn) => (turn.id === job.id ? { ...turn, id: 'gen_x' } : turn)),
        };
      });
      expect(taken).toEqual([other.id]);
    });

    it('keeps the slot of an attempt that was given back', async () => {
      const [job, other] = [await insert('one'), await insert('one')];
      await dispatch(1);
      await records.startAttempt('one', job.id);
      await records.releaseAttempt(job.id, 1, { code: 'device_lost', detail: '' });
      expect(await dispatch(1)).toEqual([]);
      expect(await dispatch(2)).toEqual([other.id]);
    });

    it('remembers deficits of those who wait, and forgets those of others', async () => {
      const [cheap, dear] = [await insert('one'), await insert('two')];
      const third = await insert('three');
      const turn = { priority: 5, batch: null };
      const take = (id: string, tenant: string, deficits: readonly (readonly [string, number])[]): ChooseTurns => {
        return () => ({ tickets: [{ ...turn, id, tenant }], deficits: new Map(deficits), more: false });
      };
      await dispatch(
        5,
        5,
        take(cheap.id, 'one', [
          ['one', -3],
          ['two', 4],
          ['three', 2],
        ]),
      );
      const deficits = async () =>
        Object.fromEntries((await look())!.tenants.map(({ tenant, deficit }) => [tenant, deficit]));
      expect(await deficits()).toEqual({ three: 2, two: 4 });
      await dispatch(5, 5, take(dear.id, 'two', [['three', 1]]));
      await insert('one');
      await insert('two');
      expect(await deficits()).toEqual({ one: 0, three: 1, two: 0 });
      await records.requestCancel('three', third.id);
    });

    it('remembers when a flow had its last turn', async () => {
      const [first] = [await insert('one'), await insert('one')];
      const [ticket] = await dispatch(1);
      expect(ticket).toBe(first.id);
      await records.startAttempt('one', first.id);
      await records.commitResult(first.id, 1, result);
      const { now, tenants } = (await look(1))!;
      const last = tenants[0]!.flows[0]!.lastDispatch!;
      expect(last).toBeLessThanOrEqual(now);
      expect(last).toBeGreaterThanOrEqual(tenants[0]!.flows[0]!.jobs[0]!.createdAt - 60);
    });

    it('pages through what was moved and has not been started', async () => {
      const jobs = [await insert('one'), await insert('two'), await insert('one')];
      await dispatch(5);
      await insert('one');
      const page = await records.scheduling.dispatchedJobs(null, 2);
      expect(page).toEqual([
        { tenant: 'one', id: jobs[0]!.id, priority: 5 },
        { tenant: 'two', id: jobs[1]!.id, priority: 5 },
      ]);
      await records.startAttempt('one', jobs[2]!.id);
      expect(await records.scheduling.dispatchedJobs(page[1]!.id, 2)).toEqual([]);
    });

    it('counts what is queued, here and in the queue, up to a bound', async () => {
      await insert('one');
      await insert('two');
      await dispatch(1);
      await insert('one');
      await insert('one');
      expect(await records.scheduling.depth(null, 100)).toBe(4);
      expect(await records.scheduling.depth('one', 100)).toBe(3);
      expect(await records.scheduling.depth('one', 2)).toBe(2);
    });

    it('knows what waits costs on average, of a tenant and of all', async () => {
      expect(await records.scheduling.meanCost(null)).toBeNull();
      await insert('one', { plan: drawing(64) });
      await insert('one', { plan: drawing(192) });
      await insert('two', { plan: drawing(512) });
      expect(await records.scheduling.meanCost('one')).toBe(costOfDrawing(drawing(128)));
      expect(await records.scheduling.meanCost(null)).toBe(costOfDrawing(drawing(256)));
    });

    it('tells how many are ahead: who was moved, its own before it, and as many of each other tenant', async () => {
      const moved = [await insert('one'), await insert('one')];
      await dispatch(2);
      const mine = [await insert('one'), await insert('one')];
      for (let index = 0; index < 9; index += 1) await insert('two');
      const ahead = async (id: string) => await records.countAhead((await records.findJob('one', id))!);
      expect(await ahead(moved[1]!.id)).toBe(1);
      expect(await ahead(mine[0]!.id)).toBe(2 + 0 + 1);
      expect(await ahead(mine[1]!.id)).toBe(2 + 1 + 2);
    });

    it('keeps how many jobs of each flow wait, whatever changes them', async () => {
      const kept = async () => {
        const { rows } = await query(`
          select tenant, flow, jobs from armature.flow order by tenant, flow`);
        return rows;
      };
      const counted = async () => {
        const { rows } = await query(`
          select tenant, coalesce(batch_id, '') collate "C" as flow, count(*)::integer as jobs from armature.job
          where status = 'queued' and dispatched_at is null group by 1, 2 order by 1, 2`);
        return rows;
      };
      expect(await kept()).toEqual([]);
      const jobs = await Promise.all(Array.from({ length: 6 }, async (_, index) => await insert(`t${index % 2}`)));
      const items = [1, 2, 3].map(() => newJob('t1')).map(({ id, plan }) => ({ id, plan }));
      const batch = { id: newBatchId(), tenant: 't1', name: null, metadata: null, axes: null };
      await records.batches.insert(
        batch,
        items.map((item) => ({ ...item, warnings: [], metadata: null, priority: 5 })),
      );
      expect(await kept()).toEqual([
        { tenant: 't0', flow: '', jobs: 3 },
        { tenant: 't1', flow: '', jobs: 3 },
        { tenant: 't1', flow: batch.id, jobs: 3 },
      ]);
      await dispatch(2);
      expect(await kept()).toEqual(await counted());
      expect((await kept()).reduce((sum, row) => sum + Number(row['jobs']), 0)).toBe(9 - 4);
      const [first] = await dispatch(3);
      const tenant = jobs.find(({ id }) => id === first)?.tenant ?? 't1';
      const { attempt } = (await records.startAttempt(tenant, first!))!;
      await records.failAttempt(first!, attempt, { code: 'device_lost', detail: '' });
      await records.faults.retry(tenant, first!);
      expect(await kept()).toEqual(await counted());
      for (const { id, tenant: owner } of jobs) await records.requestCancel(owner, id);
      expect(await kept()).toEqual(await counted());
      await records.batches.beginCancel(batch.id);
      while ((await records.batches.goOnCancelling(batch.id)) > 0);
      if (tenant === 't1' && batch.id !== '') await records.requestCancel(tenant, first!);
      expect(await kept()).toEqual(await counted());
      const waits = await insert('t2');
      expect(await kept()).toEqual([{ tenant: 't2', flow: '', jobs: 1 }]);
      await query(`delete from armature.job where id = '${waits.id}'`);
      expect(await kept()).toEqual([]);
    });

    it('keeps how many wait while many jobs of many tenants come, are moved and are cancelled at once', async () => {
      const tenants = Array.from({ length: 6 }, (_, index) => `t${index}`);
      const passes = async (): Promise<void> => {
        for (let pass = 0; pass < 10; pass += 1) {
          await records.scheduling.dispatch(takeTurns, { tenant: 3 + pass, total: 1000 });
        }
      };
      const comeAndGo = async (tenant: string, index: number): Promise<void> => {
        const { id } = await insert(tenant);
        if (index % 3 === 0) await records.requestCancel(tenant, id);
        if (index % 3 === 1) await records.startAttempt(tenant, id);
      };
      await Promise.all([
        passes(),
        passes(),
        ...Array.from({ length: 120 }, async (_, index) => await comeAndGo(tenants[index % 6]!, index)),
      ]);
      const { rows: wrong } = await query(`
        select tenant, flow, kept.jobs, counted.jobs as counted from armature.flow as kept full join (
          select tenant, coalesce(batch_id, '') collate "C" as flow, count(*)::integer as jobs from armature.job
          where status = 'queued' and dispatched_at is null group by 1, 2) as counted using (tenant, flow)
        where kept.jobs is distinct from counted.jobs`);
      expect(wrong).toEqual([]);
    });

    it('counts places at both ends of a long flow, and estimates those between', async () => {
      await query(`
        insert into armature.job (id, tenant, status, plan, warnings, virtual_time)
        select 'gen_long_' || lpad(n::text, 4, '0'), 'long', 'queued', '{"kind": "extraction"}', '[]', 10 * n from generate_series(0, 1999) as n`);
      const ahead = async (place: number) =>
        await records.countAhead((await records.findJob('long', `gen_long_${String(place).padStart(4, '0')}`))!);
      for (const place of [0, 1, 99, 1900, 1999]) expect(await ahead(place)).toBe(place);
      for (const place of [100, 700, 1000, 1500, 1899]) {
        expect(Math.abs((await ahead(place)) - place)).toBeLessThanOrEqual(2);
      }
    });
  });
}
