import { describe, expect, it } from 'vitest';
import { polyexponential } from '../../../src/schedulers/schedules/between-ends.ts';
import { levelTable } from '../../../src/schedulers/level-table.ts';
import { timestepAt } from '../../../src/schedulers/schedules/level-table.ts';
import { namedLevels } from '../../../src/schedulers/named-levels.ts';
import { scheduleIds, schedules, type ScheduleId } from '../../../src/schedulers/schedules/registry.ts';
import type { PublishedFor } from '../../../src/schedulers/schedules/schedule.ts';
import { noiseScheduleFrom } from '../../../src/schedulers/scheduler-config.ts';
import { stableDiffusionSchedule } from '../../../src/weights/configs/stable-diffusion-schedule.ts';
import { goldenArrays, goldenJson } from '../../support/golden.ts';

const arrays = goldenArrays('adapters', 'sigmas', 'sigmas.safetensors');
const index = goldenJson<{
  readonly counts: Readonly<Record<string, number>>;
  readonly ays_tables: Readonly<Record<PublishedFor, readonly number[]>>;
  readonly ays_tables_a1111: Readonly<Record<PublishedFor, readonly number[]>>;
}>('adapters', 'sigmas', 'sigmas.json');
const { schedule: noise } = noiseScheduleFrom(stableDiffusionSchedule);
const table = levelTable(noise);
const numbers = (name: string): number[] => Array.from(arrays.get(name)!.data, Number);

interface NamedCase {
  readonly schedule: ScheduleId;
  readonly publishedFor: PublishedFor;
  readonly rho: number | null;
  readonly steps: number;
  /** What follows the number of steps: a strength, or that the last but one is left out. */
  readonly at: string | null;
}

/** `align_your_steps_sd15/10@0.6`: schedule, list or power, steps, and what is left out of them. */
function named(name: string): NamedCase | null {
  const [, path = '', count = '', at = null] = /^(\w+)\/(\d+)(?:@(.+))?$/.exec(name) ?? [];
  const [, id = '', list = 'sd15', rho = null] = /^(.+?)(?:_(sd15|sdxl))?(?:_rho(\d))?$/.exec(path) ?? [];
  const schedule = scheduleIds.find((known) => known === id);
  if (schedule === undefined) return null;
  const power = rho === null ? null : Number(rho);
  return { schedule, publishedFor: list === 'sdxl' ? 'sdxl' : 'sd15', rho: power, steps: Number(count), at };
}

function levelsOf({ schedule, publishedFor, rho, steps, at }: NamedCase): readonly number[] {
  const trained = { ...table, publishedFor };
  if (rho !== null) return polyexponential(trained, steps, rho);
  if (at === 'penultimate') {
    const { sigmas, final } = namedLevels(noise, steps, { schedule, publishedFor, dropsPenultimate: true });
    return [...sigmas, final];
  }
  if (at === null) return schedules[schedule].levels(trained, steps);
  return schedules[schedule].levels(trained, Math.trunc(steps / Number(at))).slice(-(steps + 1));
}

const names = [...arrays.keys()];
const levelNames = names.filter((name) => /^[^/]+\/\d+(@.+)?$/.test(name));
const ofKind = (kind: string): string[] => names.filter((name) => name.startsWith(`${kind}/`));

describe('noise levels by the name of a schedule', () => {
  it('are those of the table that the model was trained on', () => {
    expectRelative([...table.sigmas], numbers('table'));
  });

  it.each(levelNames)('%s', (name) => {
    const given = named(name);
    expect(given, name).not.toBeNull();
    expectRelative(levelsOf(given!), numbers(name));
  });

  it.each(ofKind('t'))('%s: the timesteps that they lie at', (name) => {
    const { schedule, ...rest } = named(name.slice('t/'.length))!;
    const { timesteps } = namedLevels(noise, rest.steps, { schedule, publishedFor: rest.publishedFor });
    const expected = numbers(name);
    expect(timesteps).toHaveLength(expected.length);
    for (const [i, timestep] of timesteps.entries()) expect(timestep).toBeCloseTo(expected[i] ?? Number.NaN, 6);
  });

  it.each(ofKind('tq'))('%s: the nearest of the trained timesteps', (name) => {
    const { schedule, publishedFor, steps } = named(name.slice('tq/'.length))!;
    const { timesteps } = namedLevels(noise, steps, { schedule, publishedFor });
    for (const [i, nearest] of numbers(name).entries()) {
      // Half-way between two, either is the nearest.
      expect(Math.abs((timesteps[i] ?? Number.NaN) - nearest)).toBeLessThanOrEqual(0.5 + 1e-9);
    }
  });

  it.each(ofKind('index'))('%s: the entries of the table that are picked', (name) => {
    const levels = levelsOf(named(name.slice('index/'.length))!).slice(0, -1);
    expect(levels.map((level) => table.sigmas.indexOf(level))).toEqual(numbers(name));
  });

  it.each(Object.entries(index.counts))('%s: has so many steps', (name, count) => {
    expect(levelsOf(named(name)!)).toHaveLength(count + 1);
  });

  it('have references, all of which are read here', () => {
    const read = ['table', ...levelNames, ...ofKind('t'), ...ofKind('tq'), ...ofKind('index')];
    expect(new Set(names)).toEqual(new Set(read));
    const covered = levelNames.map((name) => named(name)?.schedule);
    expect(scheduleIds.filter((id) => !covered.includes(id))).toEqual([]);
  });

  it('end where the published lists end', () => {
    for (const publishedFor of ['sd15', 'sdxl'] as const) {
      const list = index.ays_tables[publishedFor];
      const levels = schedules.align_your_steps.levels({ ...table, publishedFor }, list.length - 1);
      expectRelative(levels.slice(0, -1), list.slice(0, -1));
      const three = index.ays_tables_a1111[publishedFor];
      expectRelative(schedules.align_your_steps_a1111.levels({ ...table, publishedFor }, three.length), [...three, 0]);
    }
  });
});

describe.each(scheduleIds)('the schedule %s', (id) => {
  it.each([1, 2, 3, 7, 50, 150])('has descending levels with %d steps, and a place for each', (steps) => {
    const levels = schedules[id].levels({ ...table, publishedFor: 'sd15' }, steps);
    for (const [i, level] of levels.entries()) {
      expect(level).toBeGreaterThanOrEqual(0);
      if (i > 0) expect(level).toBeLessThan(levels[i - 1]!);
    }
    const timesteps = levels.filter((level) => level > 0).map((level) => timestepAt(table, level));
    expect(timesteps.every((timestep) => timestep >= 0 && timestep <= 999)).toBe(true);
  });

  it('has finite levels with models of zero terminal signal and with other betas', () => {
    for (const change of [
      { rescaleBetasZeroSnr: true, predictionType: 'v_prediction' },
      { betaSchedule: 'linear', betaStart: 0.0001, betaEnd: 0.02 },
      { betaSchedule: 'squaredcos_cap_v2' },
      { trainTimesteps: 3, trainedBetas: [0.1, 0.2, 0.3] },
    ] as const) {
      const { sigmas, timesteps } = namedLevels({ ...noise, ...change }, 3, { schedule: id, publishedFor: 'sd15' });
      expect(sigmas.length).toBeGreaterThan(0);
      expect([...sigmas, ...timesteps].every((value) => Number.isFinite(value))).toBe(true);
    }
  });
});

function expectRelative(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of actual.entries()) {
    expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-9 * Math.abs(expected[i]!));
  }
}
