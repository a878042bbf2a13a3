import { ArmatureError } from '../errors.ts';
import type { BaseModel } from './models/base.ts';
import type { SamplerRun } from './plan.ts';
import type { SchedulerId } from '../schedulers/registry.ts';
import { createScheduler } from '../schedulers/create-scheduler.ts';
import { askedOptions } from '../schedulers/asked-options.ts';
import type { ScheduleId } from '../schedulers/schedules/registry.ts';
import type { SchedulePart } from '../schedulers/part.ts';
import type { ModelSchedule } from '../schedulers/scheduler-config.ts';
import type { Scheduler } from '../schedulers/scheduler.ts';

/** What came of asking, by scheduler and steps: a batch asks the same of one model thousands of times. */
const answers = new WeakMap<ModelSchedule, Map<string, SamplerRun | ArmatureError>>();

/** What of a request says how it is sampled. */
export interface SamplingChoice extends SchedulePart {
  readonly scheduler: SchedulerId;
  /** Null: as the model spaces its levels. */
  readonly schedule: ScheduleId | null;
  readonly sChurn: number;
  /** Null: the sampler's own. */
  readonly eta: number | null;
}

/**
 * Makes sure that a model can be sampled so, as the device will do it, and says what comes of the steps. `invalid_request` at `steps` for more than the
 * scheduler's grid of this model has, `model_invalid` at `scheduler` where the model's own settings rule the scheduler out. `within`: what stands before these names in the request.
 */
export function requireSampler(base: BaseModel, choice: SamplingChoice, within = ''): SamplerRun {
  const { schedule } = base;
  const known = answers.get(schedule) ?? new Map<string, SamplerRun | ArmatureError>();
  answers.set(schedule, known);
  const key = JSON.stringify(choice);
  let answer = known.get(key);
  if (answer === undefined) {
    answer = tried(base.id, schedule, choice);
    known.set(key, answer);
  }
  if (!(answer instanceof ArmatureError)) return answer;
  if (within === '') throw answer;
  const { code, message, field, choices } = answer;
  throw new ArmatureError(code, message, {
    field: `${within}${field}`,
    ...(choices === undefined ? {} : { choices }),
    cause: answer,
  });
}

function tried(
  model: string,
  { schedule, samplerDefaults }: ModelSchedule,
  { scheduler: id, steps, strength, counts, downTo, below, ...asked }: SamplingChoice,
): SamplerRun | ArmatureError {
  try {
    const given = { ...samplerDefaults, ...askedOptions(asked) };
    const scheduler = createScheduler(id, schedule, steps, given, { strength, counts, downTo, below });
    if (isOnTheGrid(scheduler, schedule.trainTimesteps)) return runOf(scheduler);
    const detail = `The scheduler ${id} has no ${steps} timesteps that the model ${model} was trained on. Choose another, or fewer steps.`;
    return new ArmatureError('model_invalid', detail, { field: 'scheduler' });
  } catch (error) {
    if (!(error instanceof ArmatureError)) throw error;
    if (error.code === 'invalid_request') {
      const detail = `${error.message} The scheduler is ${id}, the model ${model}.`;
      return new ArmatureError('invalid_request', detail, { field: error.field ?? 'steps', cause: error });
    }
    const detail = `The model ${model} cannot be sampled with the scheduler ${id}: ${error.message}`;
    return new ArmatureError('model_invalid', detail, { field: 'scheduler', cause: error });
  }
}

function runOf({ evaluations }: Scheduler): SamplerRun {
  return { steps: (evaluations.at(-1)?.step ?? -1) + 1, evaluations: evaluations.length };
}

/** Whether every number that the loop will work with is one, and every timestep one that was trained. */
function isOnTheGrid(scheduler: Scheduler, trainTimesteps: number): boolean {
  const { evaluations, initialNoiseSigma } = scheduler;
  const sigmas = 'sigmas' in scheduler ? (scheduler.sigmas as Float32Array) : new Float32Array();
  return (
    evaluations.length > 0 &&
    evaluations.every(({ timestep }) => timestep >= 0 && timestep <= trainTimesteps - 1) &&
    Number.isFinite(initialNoiseSigma) &&
    sigmas.every(Number.isFinite)
  );
}
