import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ArmatureError } from '../../src/errors.ts';
import { catalogOf } from '../../src/generation/catalog.ts';
import type { BaseModel } from '../../src/generation/models/base.ts';
import { parseGeneration } from '../../src/generation/parse.ts';
import { resolveGeneration } from '../../src/generation/resolve.ts';
import { type SchedulerId, schedulerIds } from '../../src/schedulers/registry.ts';
import { noiseScheduleFrom, type ModelSchedule } from '../../src/schedulers/scheduler-config.ts';
import { type ScheduleId, scheduleIds } from '../../src/schedulers/schedules/registry.ts';
import { stableDiffusionSchedule } from '../../src/weights/configs/stable-diffusion-schedule.ts';
import { photoModel } from '../support/photo-model.ts';
import { noModels } from '../../src/generation/models/model-list.ts';

/** What docs/models.md says is refused: by what goes with the scheduler, which schedulers, and at which field. */
interface Refused {
  readonly schedulers: readonly SchedulerId[];
  readonly field: string;
}

const heading = '\n## Samplers and schedules that do not go together\n';
const text = readFileSync(new URL('../../docs/models.md', import.meta.url), 'utf8');
const rows = (text.split(heading)[1]?.split('\n## ')[0] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()));
const refused = new Map<string, Refused>();
for (const [, who = '', withWhat = '', field = ''] of rows) {
  refused.set(withWhat, { schedulers: schedulersIn(who), field: field.replaceAll('`', '') });
}

/** The schedulers that a cell names, those that it leaves over, or those that no row before has. */
function schedulersIn(cell: string): readonly SchedulerId[] {
  const named = schedulerIds.filter((id) => cell.includes(`\`${id}\``));
  if (cell.startsWith('all but')) return schedulerIds.filter((id) => !named.includes(id));
  if (cell !== 'all others') return named;
  const before = [...refused.values()].flatMap(({ schedulers }) => schedulers);
  return schedulerIds.filter((id) => !before.includes(id));
}

const epsilon = noiseScheduleFrom(stableDiffusionSchedule);
const v = noiseScheduleFrom({ ...stableDiffusionSchedule, prediction_type: 'v_prediction' });
const zeroSnr = noiseScheduleFrom({
  ...stableDiffusionSchedule,
  prediction_type: 'v_prediction',
  rescale_betas_zero_snr: true,
});
const otherBetas = noiseScheduleFrom({ num_train_timesteps: 1000, beta_start: 0.0001, beta_end: 0.02 });
const known = new Set<string>();

/** Those that the table says are refused with what stands in these cells. */
function expected(...cells: readonly string[]): ReadonlyMap<SchedulerId, string> {
  for (const cell of cells) known.add(cell);
  return new Map(
    cells.flatMap((cell) => {
      const { schedulers, field } = refused.get(cell)!;
      return schedulers.map((id) => [id, field] as const);
    }),
  );
}

const anySchedule = 'any `schedule`';
const otherSchedule = 'a `schedule` other than `karras`';
const published =
  "`align_your_steps`, `align_your_steps_a1111` and a model of other noise than Stable Diffusion's: zero terminal SNR, other betas";
const isPublished = (schedule: ScheduleId): boolean => published.includes(`\`${schedule}\``);
const withSchedule = (schedule: ScheduleId): string[] =>
  schedule === 'karras' ? [anySchedule] : [anySchedule, otherSchedule];

describe('what docs/models.md says does not go together is refused, and nothing else', () => {
  test.each(scheduleIds)('the schedule %s', (schedule) => {
    for (const model of [epsilon, v]) {
      expect(refusals({ schedule }, model)).toEqual(expected(...withSchedule(schedule)));
    }
    for (const model of [zeroSnr, otherBetas]) {
      const cells = withSchedule(schedule);
      expect(refusals({ schedule }, model)).toEqual(expected(...cells, ...(isPublished(schedule) ? [published] : [])));
    }
  });

  test.each([
    ['no schedule', {}, []],
    ['no fresh noise', { eta: 0, s_churn: 0 }, []],
    ['fresh noise', { eta: 0.5 }, ['`eta` above 0']],
    ['churn', { s_churn: 1 }, ['`s_churn` above 0']],
    [
      'more steps than were distilled',
      { steps: 51 },
      [
        'more `steps` than the model was distilled on: 50, or what its config says; with a `strength` that share of them',
      ],
    ],
  ] as const)('%s', (_, body, cells) => {
    for (const model of [epsilon, v, zeroSnr, otherBetas]) {
      expect(refusals(body, model)).toEqual(expected(...cells));
    }
  });

  test('a strength that leaves nothing', () => {
    const over = { init_image: { upload_id: 'upl_1' }, steps: 20 };
    const cells = ['a `strength` of which the steps leave none'];
    const distilled = [...refused.keys()].find((cell) => cell.startsWith('more `steps`'))!;
    expect(refusals({ ...over, strength: 0.01 })).toEqual(expected(...cells, distilled));
    expect(refusals({ ...over, strength: 0.5 })).toEqual(new Map());
  });

  test('in rows, all of which were tried', () => {
    expect(new Set(refused.keys())).toEqual(known);
    expect(refused.size).toBe(7);
  });
});

test('each refusal says what would fit', () => {
  const said = (body: object, model = epsilon): string => refusalOf({ ...body, steps: 4 }, model)!.message;
  expect(said({ scheduler: 'ddim', schedule: 'beta' })).toMatch(/Schedulers with schedules: euler, euler_a, /);
  expect(said({ scheduler: 'euler_karras', schedule: 'beta' })).toContain('Name the scheduler euler with it.');
  expect(said({ scheduler: 'euler', schedule: 'align_your_steps' }, zeroSnr)).toContain('Try sgm_uniform.');
  expect(said({ scheduler: 'heun', s_churn: 1 })).toContain('Schedulers with s_churn: euler, euler_karras.');
  expect(said({ scheduler: 'heun', eta: 1 })).toMatch(/Schedulers with eta: ddim, euler_a, /);
});

/** Every scheduler that is refused with this, and at which field. */
function refusals(body: object, model: ModelSchedule = epsilon): ReadonlyMap<SchedulerId, string> {
  return new Map(
    schedulerIds.flatMap((scheduler) => {
      const error = refusalOf({ steps: 20, ...body, scheduler }, model);
      return error === null ? [] : [[scheduler, error.field ?? ''] as const];
    }),
  );
}

function refusalOf(body: object, schedule: ModelSchedule): ArmatureError | null {
  const request = parseGeneration({ prompt: 'x', seed: 1, ...body });
  const picture = { stored: { key: 'k', sha256: 's' }, width: 512, height: 512, structure: null, map: null };
  try {
    resolveGeneration(request, {
      catalog: catalogOf({ ...noModels, bases: [{ ...base, schedule }] }),
      defaultModel: base.id,
      given: [],
      init: request.init_image === undefined ? null : picture,
      randomSeed: () => 1,
      embedParameters: true,
    });
    return null;
  } catch (error) {
    if (error instanceof ArmatureError && error.code === 'invalid_request') return error;
    throw error;
  }
}

const base: BaseModel = { ...photoModel, schedule: epsilon };
