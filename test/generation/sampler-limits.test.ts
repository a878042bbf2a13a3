import { describe, expect, test } from 'vitest';
import { findCondition } from '../../src/conditions/registry.ts';
import { ArmatureError } from '../../src/errors.ts';
import { parseGeneration } from '../../src/generation/parse.ts';
import { schedulerIds } from '../../src/schedulers/registry.ts';
import { createScheduler } from '../../src/schedulers/create-scheduler.ts';
import { resolveGeneration } from '../../src/generation/resolve.ts';
import type { BaseModel } from '../../src/generation/models/base.ts';
import type { ControlNetModel } from '../../src/generation/models/controlnet.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import { dioramaModels } from '../support/diorama.ts';
import { noModels } from '../../src/generation/models/model-list.ts';

const embedded = await dioramaModels();
const diorama = embedded.base;

type Changes = Partial<BaseModel>;

/** Resolves a request to the embedded model with some of its facts changed. */
function resolve(body: Record<string, unknown>, changes: Changes = {}, controlNets: readonly ControlNetModel[] = []) {
  const request = parseGeneration({ prompt: 'x', ...body });
  const stored = { key: 'k', sha256: 's' };
  const picture = { stored, width: 64, height: 64, structure: null, map: null };
  return resolveGeneration(request, {
    catalog: {
      models: { ...noModels, bases: [{ ...diorama, ...changes }], controlNets },
      condition: findCondition,
    },
    defaultModel: diorama.id,
    given: request.controls.map((control, index) => ({ index, request: control, picture, others: new Map() })),
    randomSeed: () => 1,
    embedParameters: true,
  });
}

function refusal(body: Record<string, unknown>, changes: Changes = {}): ArmatureError {
  try {
    resolve(body, changes);
  } catch (error) {
    if (error instanceof ArmatureError) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

const trainedOn = (config: Record<string, unknown>): Changes => ({ schedule: noiseScheduleFrom(config) });

describe('more steps than a scheduler has', () => {
  test('with lcm: the 50 that such models are distilled on, or what the model says', () => {
    expect(refusal({ scheduler: 'lcm', steps: 51 })).toMatchObject({
      code: 'invalid_request',
      field: 'steps',
      message: expect.stringMatching(/1 to 50 .* received 51.* lcm/),
    });
    expect(resolve({ scheduler: 'lcm', steps: 50 }).plan.steps).toBe(50);
    const distilled = trainedOn({ original_inference_steps: 4 });
    expect(refusal({ scheduler: 'lcm', steps: 5 }, distilled)).toMatchObject({ field: 'steps' });
    expect(resolve({ scheduler: 'lcm', steps: 4 }, distilled).plan.steps).toBe(4);
  });

  test.each(schedulerIds)('with %s: those of a model that was trained on 100 timesteps', (scheduler) => {
    const short = trainedOn({ num_train_timesteps: 100, timestep_spacing: 'trailing' });
    expect(refusal({ scheduler, steps: 101 }, short)).toMatchObject({ code: 'invalid_request', field: 'steps' });
    expect(resolve({ scheduler, steps: 20 }, short).plan.steps).toBe(20);
  });

  test('with timesteps from the start on, and an offset that has no room', () => {
    const leading = trainedOn({ timestep_spacing: 'leading', num_train_timesteps: 100, steps_offset: 1 });
    expect(refusal({ scheduler: 'ddim', steps: 100 }, leading)).toMatchObject({ field: 'steps' });
    expect(resolve({ scheduler: 'ddim', steps: 60 }, leading).plan.steps).toBe(60);
  });

  test('that come from the defaults of the model count as well', () => {
    const defaults = { ...diorama.defaults, scheduler: 'lcm', steps: 60 };
    expect(refusal({}, { defaults })).toMatchObject({ code: 'invalid_request', field: 'steps' });
    expect(resolve({ steps: 4 }, { defaults }).plan).toMatchObject({ scheduler: 'lcm', steps: 4 });
  });

  test('are refused exactly where the device would refuse them', () => {
    for (const config of [{}, { num_train_timesteps: 55 }, { timestep_spacing: 'leading', num_train_timesteps: 97 }]) {
      const { schedule, samplerDefaults } = noiseScheduleFrom(config);
      const model = trainedOn(config);
      for (const scheduler of schedulerIds) {
        for (const steps of [1, 2, 20, 48, 50, 51, 54, 55, 56, 96, 97, 98, 150]) {
          const made = caught(() => createScheduler(scheduler, schedule, steps, samplerDefaults));
          expect([scheduler, steps, caught(() => resolve({ scheduler, steps }, model))]).toEqual([
            scheduler,
            steps,
            made,
          ]);
        }
      }
    }
  });
});

function caught(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}

describe('a scheduler that a model cannot be sampled with', () => {
  test('is refused by its name, and others are not', () => {
    const otherSolver = trainedOn({ predict_x0: false });
    expect(refusal({ scheduler: 'unipc' }, otherSolver)).toMatchObject({
      code: 'model_invalid',
      field: 'scheduler',
      message: expect.stringContaining('unipc'),
    });
    expect(resolve({ scheduler: 'euler' }, otherSolver).plan.scheduler).toBe('euler');
  });

  test('is lcm where its grid is finer than the timesteps that were trained', () => {
    const coarse = trainedOn({ num_train_timesteps: 20 });
    expect(refusal({ scheduler: 'lcm', steps: 4 }, coarse)).toMatchObject({
      code: 'model_invalid',
      field: 'scheduler',
    });
  });
});

describe('a model whose latents are not an eighth of its pictures', () => {
  test('takes sizes of whole cells only', () => {
    expect(refusal({ width: 72, height: 64 }, { latentScale: 16 })).toMatchObject({
      code: 'invalid_request',
      field: 'width',
    });
    expect(resolve({ width: 64, height: 80 }, { latentScale: 16 }).plan).toMatchObject({ width: 64, height: 80 });
    expect(resolve({ width: 72, height: 64 }, { latentScale: 4 }).plan.width).toBe(72);
  });

  test('takes no ControlNets, whose maps are made for eighths', () => {
    const image = { upload_id: 'u' };
    const nets = [embedded.controlNet('canny')];
    expect(resolve({ controls: [{ type: 'canny', image }] }, {}, nets).plan.controls).toHaveLength(1);
    expect(() => resolve({ controls: [{ type: 'canny', image }] }, { latentScale: 4 }, nets)).toThrow(/4 x 4/);
  });
});
