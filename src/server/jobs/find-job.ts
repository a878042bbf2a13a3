import { ArmatureError } from '../../errors.ts';
import type { Job } from '../../generation/job.ts';
import type { Records } from '../../records/records.ts';

/** The job of a tenant; `not_found` where it has none of that id, whoever else may have one. */
export async function requireJob(records: Records, tenant: string, id: string): Promise<Job> {
  return (await records.findJob(tenant, id)) ?? missingJob(id);
}

export function missingJob(id: string): never {
  throw new ArmatureError('not_found', `There is no generation ${JSON.stringify(id.slice(0, 100))}.`);
}
