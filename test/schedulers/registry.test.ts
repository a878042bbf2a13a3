import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type SchedulerId, schedulerIds, schedulers } from '../../src/schedulers/registry.ts';
import { createScheduler } from '../../src/schedulers/create-scheduler.ts';
import { parsePythonJson } from '../../src/json/python-json.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import type { Scheduler } from '../../src/schedulers/scheduler.ts';
import { goldenJson } from '../support/golden.ts';
import { buildReference, families } from './reference.ts';

interface DioramaCase {
  readonly name: string;
  readonly scheduler: SchedulerId;
  readonly steps: number;
  readonly scheduler_class: string;
  readonly scheduler_config: Readonly<Record<string, unknown>>;
  readonly timesteps: readonly number[];
}

interface PipelineCase {
  readonly case?: string;
  readonly name?: string;
  readonly scheduler: readonly [string, Readonly<Record<string, unknown>>];
  readonly args: Readonly<Record<string, unknown>>;
  readonly timesteps: readonly number[];
}

const timestepsOf = ({ evaluations }: Scheduler): number[] => evaluations.map(({ timestep }) => timestep);
const root = fileURLToPath(new URL('../..', import.meta.url));
const readConfig = (path: string): Readonly<Record<string, unknown>> =>
  parsePythonJson(readFileSync(`${root}/${path}`, 'utf8')) as Record<string, unknown>;
const diorama = readConfig('test/diorama/golden/cases.json')['cases'] as readonly DioramaCase[];
const embedded = noiseScheduleFrom(readConfig('models/diorama/scheduler/scheduler_config.json'));

describe('a product id on the embedded model', () => {
  it.each(diorama.map((reference) => [reference.name, reference] as const))(
    '%s: timesteps and options as diffusers resolves them',
    (_, { scheduler: id, steps, timesteps, scheduler_class: className, scheduler_config: config }) => {
      const scheduler = createScheduler(id, embedded.schedule, steps, embedded.samplerDefaults);
      expect(timestepsOf(scheduler)).toEqual(timesteps);
      const resolved = noiseScheduleFrom(config);
      expect(embedded.schedule).toEqual(resolved.schedule);
      const expected = families[className]?.resolve(resolved.samplerDefaults);
      expect(schedulers[id].resolve(embedded.samplerDefaults)).toEqual(expected);
      expect(schedulers[id].publicNames.diffusers).toBe(className);
    },
  );
});

describe('pipeline references', () => {
  const { cases } = goldenJson<{ cases: readonly PipelineCase[] }>('pipelines', 'pipelines.json');

  it.each(cases.map((reference) => [reference.case ?? reference.name ?? '', reference] as const))(
    '%s: timesteps',
    (_, reference) => {
      const steps = reference.args['num_inference_steps'] as number;
      const [className, config] = reference.scheduler;
      const timesteps = timestepsOf(buildReference({ case: '', class: className, config, step_kwargs: {} }, steps));
      // Strength and denoising_end leave steps out at the start or at the end.
      const first = timesteps.findIndex((timestep) => timestep === reference.timesteps[0]);
      expect(timesteps.slice(first, first + reference.timesteps.length)).toEqual(reference.timesteps);
      expect(reference.timesteps.length).toBeGreaterThan(0);
    },
  );
});

describe('the registry', () => {
  it('has an entry for each id, with title and description', () => {
    expect(Object.keys(schedulers).toSorted()).toEqual([...schedulerIds].toSorted());
    for (const { title, description } of Object.values(schedulers)) {
      expect(title).not.toBe('');
      expect(description).not.toBe('');
    }
  });

  it('tells apart ids that differ in their spacing, whatever the file says', () => {
    const { schedule, samplerDefaults } = noiseScheduleFrom({ use_karras_sigmas: true });
    const [plain, karras] = (['euler', 'euler_karras'] as const).map((id) =>
      createScheduler(id, schedule, 10, samplerDefaults),
    );
    expect(plain?.evaluations).not.toEqual(karras?.evaluations);
  });

  it('keeps the spacing of timesteps that the file gives, and else has that of the class', () => {
    const given = noiseScheduleFrom({ timestep_spacing: 'trailing' });
    const silent = noiseScheduleFrom({});
    expect(timestepsOf(createScheduler('ddim', given.schedule, 4, given.samplerDefaults))).toEqual([
      999, 749, 499, 249,
    ]);
    expect(timestepsOf(createScheduler('ddim', silent.schedule, 4, silent.samplerDefaults))).toEqual([
      750, 500, 250, 0,
    ]);
    expect(timestepsOf(createScheduler('euler', silent.schedule, 4, silent.samplerDefaults))[0]).toBe(999);
  });

  it('refuses eta where there is none to set', () => {
    expect(() => createScheduler('euler', embedded.schedule, 4, { eta: 0.5 })).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        field: 'eta',
        message: expect.stringContaining('ddim') as string,
      }),
    );
    expect(() => createScheduler('ddim', embedded.schedule, 4, { eta: 1.5 })).toThrow(/0 to 1 but received 1.5/);
  });

  it.each(schedulerIds)('%s refuses steps that cannot be', (id) => {
    for (const steps of [0, -1, 2.5, 1001, Number.NaN]) {
      expect(() => createScheduler(id, embedded.schedule, steps)).toThrow(
        expect.objectContaining({ code: 'invalid_request', field: 'steps' }),
      );
    }
  });

  it.each(schedulerIds)('%s asks the network as often as its row says, up to the steps that it says', (id) => {
    const row = schedulers[id];
    const { most, because } = row.stepLimit(embedded.schedule, embedded.samplerDefaults, 1);
    for (const steps of [1, 3, most]) {
      const { evaluations } = createScheduler(id, embedded.schedule, steps, embedded.samplerDefaults);
      expect((evaluations.at(-1)?.step ?? 0) + 1).toBe(steps);
      // The first step may take more, and the last one fewer.
      const inTheMiddle = evaluations.filter(({ step }) => step === 1).length;
      if (steps > 2) expect(inTheMiddle).toBe(row.evaluationsPerStep);
    }
    expect(() => createScheduler(id, embedded.schedule, most + 1, embedded.samplerDefaults)).toThrow(
      `1 to ${most} (${because})`,
    );
  });

  it("names no other program's sampler twice", () => {
    for (const program of ['a1111', 'comfyui'] as const) {
      const names = schedulerIds.flatMap((id) => schedulers[id].publicNames[program] ?? []);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('refuses more LCM steps than the distillation had', () => {
    expect(createScheduler('lcm', embedded.schedule, 50).evaluations).toHaveLength(50);
    expect(() => createScheduler('lcm', embedded.schedule, 51)).toThrow(/1 to 50/);
  });
});
