import { ArmatureError } from '../errors.ts';
import type { BaseModel } from './model.ts';
import { createScheduler, type SchedulerId } from '../schedulers/registry.ts';
import type { SchedulePart } from '../schedulers/part.ts';
import type { ModelSchedule } from '../schedulers/scheduler-config.ts';
import type { Scheduler } from '../schedulers/scheduler.ts';

/** What came of asking, by scheduler and steps: a batch asks the same of one model thousands of times. */
const answers = new WeakMap<ModelSchedule, Map<string, ArmatureError | null>>();

/**
 * Makes sure that a model can be sampled so, as the device will do it. `invalid_request` at `steps` for more than the
 * scheduler's grid of this model has, `model_invalid` at `scheduler` where the model's own settings rule the scheduler out.
 */
export function requireSampler(base: BaseModel, scheduler: SchedulerId, part: SchedulePart): void {
  const { schedule } = base;
  const known = answers.get(schedule) ?? new Map<string, ArmatureError | null>();
  answers.set(schedule, known);
  const key = `${scheduler} ${part.steps} ${part.strength}`;
  let fault = known.get(key);
  if (fault === undefined) {
    fault = faultOf(base.id, schedule, scheduler, part);
    known.set(key, fault);
  }
  if (fault !== null) throw fault;
}

function faultOf(
  model: string,
  { schedule, samplerDefaults }: ModelSchedule,
  id: SchedulerId,
  { steps, strength }: SchedulePart,
): ArmatureError | null {
  try {
    const scheduler = createScheduler(id, schedule, steps, samplerDefaults, strength);
    if (isOnTheGrid(scheduler, schedule.trainTimesteps)) return null;
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
