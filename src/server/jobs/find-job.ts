import { ArmatureError } from '../../errors.ts';
import type { Job } from '../../generation/job.ts';
import { type Lane, laneOf } from '../../generation/lanes.ts';
import type { Records } from '../../records/records.ts';

/** What people call the jobs of a lane. */
const nouns: Readonly<Record<Lane, string>> = { pictures: 'generation', long: 'training' };

/** The job of a tenant, of a lane; `not_found` where it has none of that id there, whoever else may have one. */
export async function requireJob(records: Records, tenant: string, id: string, lane: Lane = 'pictures'): Promise<Job> {
  return (laneOf(id) === lane ? await records.findJob(tenant, id) : null) ?? missingJob(id, lane);
}

export function missingJob(id: string, lane: Lane = 'pictures'): never {
  throw new ArmatureError('not_found', `There is no ${nouns[lane]} ${JSON.stringify(id.slice(0, 100))}.`);
}
