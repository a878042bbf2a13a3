import { ArmatureError } from '../errors.ts';
import type { Combination, SamplerRow } from './sampler-row.ts';
import type { NoiseSchedule } from './scheduler.ts';
import { fitsNoise } from './named-levels.ts';
import type { ScheduleId } from './schedules/registry.ts';

/** Throws unless a sampler can have that share of fresh noise. `others` are the ids of those that can. */
export function checkEta(id: string, { title, eta: own }: SamplerRow, eta: number, others: readonly string[]): void {
  if (own === null) {
    if (eta === 0) return;
    const detail = `Expected no eta with the scheduler ${id} (${title} has no share of fresh noise to set) but received ${eta}. Schedulers with eta: ${others.join(', ')}.`;
    throw new ArmatureError('invalid_request', detail, { field: 'eta' });
  }
  if (eta >= 0 && eta <= 1) return;
  const detail = `Expected eta to be a number from 0 to 1 but received ${eta}.`;
  throw new ArmatureError('invalid_request', detail, { field: 'eta' });
}

/** Throws unless a sampler can add noise to a step and take it away again. */
export function checkChurn(
  id: string,
  { title, takesChurn }: SamplerRow,
  churn: number,
  others: readonly string[],
): void {
  if (takesChurn || churn === 0) return;
  const detail = `Expected s_churn 0 with the scheduler ${id} (${title} has no churn) but received ${churn}. Schedulers with s_churn: ${others.join(', ')}.`;
  throw new ArmatureError('invalid_request', detail, { field: 's_churn' });
}

/** Throws unless a sampler can have the levels of a schedule, and the model's noise has those levels. */
export function checkSchedule(
  id: string,
  { title, takesSchedule }: SamplerRow,
  schedule: ScheduleId,
  noise: NoiseSchedule,
  others: readonly string[],
): void {
  if (!takesSchedule) {
    const detail = `Expected no schedule with the scheduler ${id} (${title} steps from one trained timestep to another) but received ${schedule}. Schedulers with schedules: ${others.join(', ')}.`;
    throw new ArmatureError('invalid_request', detail, { field: 'schedule' });
  }
  if (fitsNoise(schedule, noise)) return;
  const detail = `Expected another schedule than ${schedule} with this model: its levels were published for the noise of Stable Diffusion (0.029 to 14.6), and the model was trained on others. Try sgm_uniform.`;
  throw new ArmatureError('invalid_request', detail, { field: 'schedule' });
}

export function refuseOtherSchedule(id: string, { scheduler, schedule }: Combination, asked: ScheduleId): never {
  const detail = `Expected no schedule, or ${schedule}, with the scheduler ${id}, which is ${scheduler} with ${schedule}, but received ${asked}. Name the scheduler ${scheduler} with it.`;
  throw new ArmatureError('invalid_request', detail, { field: 'schedule' });
}
