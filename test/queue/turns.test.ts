import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agingSeconds } from '../../src/generation/request/priority.ts';
import { takeTurns } from '../../src/queue/turns.ts';
import type { WaitingFlow, WaitingTenant } from '../../src/records/scheduling/turns.ts';

const unit = 512 * 512;
const now = 1000;
const wide = { tenant: 100, total: 100 };

interface FlowOptions {
  readonly priority?: number;
  readonly cost?: number;
  readonly createdAt?: number;
  readonly lastDispatch?: number;
}

/** A flow of `length` jobs that are named `name` and a number. */
function flow(name: string, length: number, options: FlowOptions = {}): WaitingFlow {
  const { priority = 5, cost = unit, createdAt = now, lastDispatch = null } = options;
  const jobs = Array.from({ length }, (_, index) => ({ id: `${name}${index}`, priority, cost, createdAt }));
  return { batch: name, lastDispatch, jobs, more: false };
}

function tenant(name: string, flows: readonly WaitingFlow[], given: Partial<WaitingTenant> = {}): WaitingTenant {
  return { tenant: name, dispatched: 0, deficit: 0, flows, ...given };
}

function taken(tenants: readonly WaitingTenant[], windows = wide, dispatched = 0): readonly string[] {
  return takeTurns({ now, dispatched, tenants }, windows).tickets.map(({ id }) => id);
}

describe('turns', () => {
  test('fill the window of a tenant and of all', () => {
    const tenants = [tenant('a', [flow('a', 9)], { dispatched: 2 }), tenant('b', [flow('b', 9)])];
    expect(taken(tenants, { tenant: 4, total: 100 }, 2)).toEqual(['a0', 'b0', 'a1', 'b1', 'b2', 'b3']);
    expect(taken(tenants, { tenant: 4, total: 5 }, 2)).toEqual(['a0', 'b0', 'a1']);
    expect(taken(tenants, { tenant: 4, total: 5 }, 9)).toEqual([]);
  });

  test('are given by cost, not by count', () => {
    const tenants = [tenant('a', [flow('a', 9, { cost: 3 * unit })]), tenant('b', [flow('b', 9)])];
    expect(taken(tenants, { tenant: 9, total: 8 }).join(' ')).toBe('b0 b1 a0 b2 b3 b4 a1 b5');
  });

  test('go on where the last pass ended, whoever makes the next', () => {
    const jobs = { a: flow('a', 20, { cost: 3 * unit }), b: flow('b', 20) };
    const atOnce = taken([tenant('a', [jobs.a]), tenant('b', [jobs.b])], { tenant: 20, total: 12 });
    const deficits = new Map<string, number>();
    const oneByOne: string[] = [];
    for (let pass = 0; pass < 12; pass += 1) {
      const waiting = Object.entries(jobs).map(([name, all]) => {
        const rest = all.jobs.filter(({ id }) => !oneByOne.includes(id));
        return tenant(name, [{ ...all, jobs: rest }], { deficit: deficits.get(name) ?? 0 });
      });
      const turns = takeTurns({ now, dispatched: pass, tenants: waiting }, { tenant: 20, total: pass + 1 });
      oneByOne.push(...turns.tickets.map(({ id }) => id));
      for (const [name, deficit] of turns.deficits) deficits.set(name, deficit);
    }
    expect(oneByOne).toEqual(atOnce);
  });

  test('charge the cheapest jobs for their places too', () => {
    const tenants = [tenant('a', [flow('a', 9, { cost: 0 })]), tenant('b', [flow('b', 9)])];
    expect(taken(tenants, { tenant: 9, total: 4 })).toEqual(['a0', 'b0', 'a1', 'b1']);
  });

  test('go to the flow of the highest priority', () => {
    const flows = [flow('low', 2, { priority: 3 }), flow('high', 2, { priority: 5 })];
    expect(taken([tenant('a', flows)])).toEqual(['high0', 'high1', 'low0', 'low1']);
  });

  test('go round among batches of one priority, the one that waited longest first', () => {
    const flows = [
      flow('x', 2, { createdAt: 0, lastDispatch: now - 1 }),
      flow('y', 2, { createdAt: 0, lastDispatch: now - 3 }),
      flow('z', 2, { createdAt: 0, lastDispatch: now - 2 }),
    ];
    expect(taken([tenant('a', flows)], { tenant: 4, total: 9 })).toEqual(['y0', 'z0', 'x0', 'x1']);
  });

  test('give an old batch one turn before fresh jobs, and not all of its turns', () => {
    const flows = [flow('batch', 10_000, { priority: 3, createdAt: 0 }), flow('fresh', 3)];
    expect(taken([tenant('a', flows)], { tenant: 5, total: 9 })).toEqual([
      'batch0',
      'fresh0',
      'fresh1',
      'fresh2',
      'batch1',
    ]);
  });

  test('tell the queue the effective priority, as one that a request may have', () => {
    const flows = [
      flow('waited', 1, { priority: 2, createdAt: now - 2.5 * agingSeconds }),
      flow('long', 1, { priority: 2, createdAt: now - 1000 }),
    ];
    const { tickets } = takeTurns({ now, dispatched: 0, tenants: [tenant('a', flows)] }, wide);
    expect(tickets.map(({ id, priority }) => [id, priority])).toEqual([
      ['long0', 9],
      ['waited0', 4],
    ]);
  });

  test('end for a tenant where what is known of a flow is used up, and ask for another pass', () => {
    const flows = [{ ...flow('high', 2, { priority: 5 }), more: true }, flow('low', 2, { priority: 3 })];
    const turns = takeTurns({ now, dispatched: 0, tenants: [tenant('a', flows)] }, wide);
    expect(turns.tickets.map(({ id }) => id)).toEqual(['high0', 'high1']);
    expect(turns.more).toBe(true);
    expect(takeTurns({ now, dispatched: 0, tenants: [tenant('a', flows)] }, { tenant: 2, total: 9 }).more).toBe(false);
  });
});

/** A job that comes at a time, into a flow of a tenant. */
const arrival = fc.record({
  tenant: fc.constantFrom('a', 'b', 'c'),
  batch: fc.constantFrom(null, 'x', 'y'),
  priority: fc.integer({ min: 0, max: 9 }),
  cost: fc.integer({ min: 1, max: 8 }).map((units) => units * unit),
  createdAt: fc.integer({ min: 0, max: 60 }),
});
type Arrival = typeof arrival extends fc.Arbitrary<infer T> ? T : never;

/** Runs a service that draws one job a second, and returns the jobs in the order in which it drew them. */
function simulate(arrivals: readonly Arrival[]): readonly (Arrival & { readonly id: string; readonly at: number })[] {
  const jobs = arrivals.map((job, index) => ({ ...job, id: String(index).padStart(4, '0') }));
  const drawn: (Arrival & { id: string; at: number })[] = [];
  const deficits = new Map<string, number>();
  const lastDispatch = new Map<string, number>();
  for (let time = 0; drawn.length < jobs.length; time += 1) {
    const waiting = jobs.filter(({ id, createdAt }) => createdAt <= time && drawn.every((other) => other.id !== id));
    const names = [...new Set(waiting.map((job) => job.tenant))];
    const tenants = names.map((name) => {
      const own = waiting.filter((job) => job.tenant === name);
      const flows = [...new Set(own.map(({ batch }) => batch))].map((batch) => ({
        batch,
        lastDispatch: lastDispatch.get(`${name} ${batch}`) ?? null,
        jobs: own
          .filter((job) => job.batch === batch)
          .toSorted((a, b) => a.createdAt - b.createdAt - agingSeconds * (a.priority - b.priority)),
        more: false,
      }));
      return tenant(name, flows, { deficit: deficits.get(name) ?? 0 });
    });
    const turns = takeTurns({ now: time, dispatched: 0, tenants }, { tenant: 1, total: 1 });
    deficits.clear();
    for (const [name, deficit] of turns.deficits) deficits.set(name, deficit);
    for (const { id } of turns.tickets) {
      const job = jobs.find((other) => other.id === id)!;
      lastDispatch.set(`${job.tenant} ${job.batch}`, time);
      drawn.push({ ...job, at: time });
    }
  }
  return drawn;
}

describe('of any stream of jobs', () => {
  test('every job is drawn after a bounded number of others', () => {
    fc.assert(
      fc.property(fc.array(arrival, { minLength: 1, maxLength: 80 }), (arrivals) => {
        const drawn = simulate(arrivals);
        for (const job of drawn) {
          const sameFlow = (other: Arrival) => other.tenant === job.tenant && other.batch === job.batch;
          // Of its own flow only those that came before it, or are of a higher priority and came soon after.
          const before = drawn.filter((other) => sameFlow(other) && other.at < job.at && other.at >= job.createdAt);
          const turnsOfFlow = before.length + 1;
          expect(
            before.every(
              ({ createdAt, priority }) =>
                createdAt - agingSeconds * priority <= job.createdAt - agingSeconds * job.priority,
            ),
          ).toBe(true);
          // Each turn of its flow waits for nine steps of age of at most two other flows, and its tenant for the others' cost.
          const waits = turnsOfFlow * 2 * (9 * agingSeconds + 1);
          const ownCost = drawn
            .filter((other) => other.tenant === job.tenant && other.at >= job.createdAt && other.at <= job.at)
            .reduce((sum, { cost }) => sum + cost / unit, 0);
          const others = drawn.filter(
            (other) => other.tenant !== job.tenant && other.at >= job.createdAt && other.at < job.at,
          );
          expect(others.length).toBeLessThanOrEqual(2 * (ownCost + 8));
          expect(drawn.filter(({ at }) => at >= job.createdAt && at < job.at).length).toBeLessThanOrEqual(
            waits + others.length,
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  test('two tenants that always wait are given the same cost, within one job of each', () => {
    const costs = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(costs, costs, (a, b) => {
        const stream = (name: 'a' | 'b', all: readonly number[]): readonly Arrival[] =>
          all.map((cost) => ({ tenant: name, batch: null, priority: 5, cost: cost * unit, createdAt: 0 }));
        const given = { a: 0, b: 0, c: 0 };
        const left = { a: a.length, b: b.length, c: 0 };
        for (const job of simulate([...stream('a', a), ...stream('b', b)])) {
          if (left.a === 0 || left.b === 0) break;
          given[job.tenant] += job.cost / unit;
          left[job.tenant] -= 1;
          expect(Math.abs(given.a - given.b)).toBeLessThanOrEqual(16);
        }
      }),
      { numRuns: 100 },
    );
  });
});
