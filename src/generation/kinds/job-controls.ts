import type { Job, JobOutput } from '../job.ts';
import { kindOf } from './kinds.ts';
import type { PlannedControl } from '../planned-control.ts';

/** A control of a job, and the map that it was fed with. */
export interface JobControl {
  /** Its place in the request. */
  readonly index: number;
  readonly plan: PlannedControl;
  /** Null until the job has succeeded. */
  readonly map: JobOutput | null;
}

/** The controls of a job, in their order; none for kinds that are not steered. */
export function controlsOf({ plan, result }: Pick<Job, 'plan' | 'result'>): readonly JobControl[] {
  const controls = kindOf(plan).controls(plan);
  return controls.map((control, index) => ({ index, plan: control, map: result?.maps[index] ?? null }));
}
