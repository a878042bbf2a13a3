import { ArmatureError, type ErrorCode } from '../../errors.ts';
import type { Admission, GiveBack } from './admission.ts';
import type { Identity } from '../access/identity.ts';

/** A job that is to be drawn once more. */
export interface DrawnAgain {
  readonly tenant: string;
  /** Pixel steps. */
  readonly cost: number;
}

/** What says that there is no room, or no quota, for so much. */
const tooMuch: readonly ErrorCode[] = ['queue_full', 'too_many_queued', 'quota_exceeded'];

/**
 * Takes jobs on again as if they had just come: they have to find room among those that wait, of their tenants and of all, and
 * are charged to whoever asks. Whoever cancels what he was charged for and draws it again pays again.
 *
 * @throws ArmatureError `queue_full`, `too_many_queued`, `quota_exceeded`
 */
export async function admitAgain(
  admission: Admission,
  identity: Identity,
  jobs: readonly DrawnAgain[],
): Promise<GiveBack> {
  const counts = new Map<string, number>();
  for (const { tenant } of jobs) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
  for (const [tenant, count] of counts) await admission.requireRoom({ ...identity, tenant }, count);
  return await admission.charge(identity, costOf(jobs));
}

/** The same for as many of the first jobs as there is room and quota for: all, half of them, a quarter, at least one. */
export async function admitFirstAgain<Job extends DrawnAgain>(
  admission: Admission,
  identity: Identity,
  jobs: readonly Job[],
): Promise<{ readonly admitted: readonly Job[]; readonly giveBack: GiveBack }> {
  try {
    return { admitted: jobs, giveBack: await admitAgain(admission, identity, jobs) };
  } catch (error) {
    if (jobs.length <= 1 || !(error instanceof ArmatureError) || !tooMuch.includes(error.code)) throw error;
    return await admitFirstAgain(admission, identity, jobs.slice(0, Math.floor(jobs.length / 2)));
  }
}

export function costOf(jobs: readonly Pick<DrawnAgain, 'cost'>[]): number {
  return jobs.reduce((sum, { cost }) => sum + cost, 0);
}
