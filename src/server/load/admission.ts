import type { Quota } from '../../access/api-key.ts';
import { ArmatureError } from '../../errors.ts';
import type { UsageRecords, UsageWindow } from '../../records/access/usage.ts';
import type { EtaEstimator } from './eta.ts';
import type { LoadLimits } from '../parts/limits.ts';
import type { Identity } from '../access/identity.ts';
import type { QueueGauge } from './queue-gauge.ts';

/** Seconds after which to try again where nothing has been drawn yet that would tell. */
const unknownWait = 10;
const longestWait = 3600;

export interface AdmissionParts {
  readonly usage: UsageRecords;
  readonly gauge: QueueGauge;
  readonly eta: EtaEstimator;
  readonly limits: Pick<LoadLimits, 'maxQueued' | 'maxQueuedPerTenant'>;
  readonly now: () => number;
}

/** Gives a charge back, or a part of it in pixel steps. */
export type GiveBack = (part?: number) => Promise<void>;

/** Decides whether further jobs are taken on: whether they find room in the queue, and whether their cost is within the quota. */
export class Admission {
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /**
   * Makes sure that `jobs` more may wait. Asked before anything is decoded or stored.
   *
   * @throws ArmatureError `queue_full` (503), `too_many_queued` (429)
   */
  async requireRoom({ tenant }: Identity, jobs: number): Promise<void> {
    const { gauge, limits } = this.#parts;
    const waiting = await gauge.waiting(null, limits.maxQueued);
    if (waiting + jobs > limits.maxQueued) {
      const retryAfter = await this.#wait(null, waiting + jobs - limits.maxQueued);
      const detail = `${waiting} jobs wait, and no more than ${limits.maxQueued} may: try again in ${retryAfter} s.`;
      throw new ArmatureError('queue_full', detail, { retryAfter });
    }
    const own = await gauge.waiting(tenant, limits.maxQueuedPerTenant);
    if (own + jobs > limits.maxQueuedPerTenant) {
      const retryAfter = await this.#wait(tenant, own + jobs - limits.maxQueuedPerTenant);
      const detail =
        `${own} of your jobs wait, and no more than ${limits.maxQueuedPerTenant} may: cancel some, or try again in ` +
        `${retryAfter} s.`;
      throw new ArmatureError('too_many_queued', detail, { retryAfter });
    }
    gauge.expect(tenant, jobs);
  }

  /**
   * Charges `cost` to the quota of a key. Returns how to give it back, or a part of it, for jobs that could not be recorded.
   *
   * @throws ArmatureError `quota_exceeded`
   */
  async charge({ account, limits }: Identity, cost: number): Promise<GiveBack> {
    const quota = limits?.quota ?? null;
    if (quota === null) return async () => {};
    const { usage, now } = this.#parts;
    const { start, end } = quotaWindow(quota.window, now());
    const window: UsageWindow = { account, kind: quota.window, start };
    if (await usage.spend(window, cost, quota.cost))
      return async (part = cost) => void (await usage.add(window, -part));
    throw exceeded(quota, cost, await usage.read(window), Math.ceil((end.getTime() - now()) / 1000));
  }

  /** To what `charge` charges now; null where there is no quota. */
  payerOf({ account, limits }: Identity): UsageWindow | null {
    const quota = limits?.quota ?? null;
    if (quota === null) return null;
    return { account, kind: quota.window, start: quotaWindow(quota.window, this.#parts.now()).start };
  }

  /** Seconds until about `jobs` jobs of a tenant, or (null) of anybody, have been drawn. */
  async #wait(tenant: string | null, jobs: number): Promise<number> {
    return Math.min(longestWait, (await this.#parts.eta.untilRoom(tenant, jobs)) ?? unknownWait);
  }
}

/** The day or month of the calendar, in UTC, in which `now` lies. */
export function quotaWindow(window: Quota['window'], now: number): { readonly start: Date; readonly end: Date } {
  const date = new Date(now);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  return window === 'day'
    ? { start: new Date(Date.UTC(year, month, day)), end: new Date(Date.UTC(year, month, day + 1)) }
    : { start: new Date(Date.UTC(year, month)), end: new Date(Date.UTC(year, month + 1)) };
}

function exceeded(quota: Quota, cost: number, spent: number, secondsLeft: number): ArmatureError {
  const numbers = `It costs ${cost} pixel steps; ${spent} of ${quota.cost} are spent this ${quota.window}`;
  // Waiting does not help what is more than a whole quota.
  if (cost > quota.cost) return new ArmatureError('quota_exceeded', `${numbers}: it can never be drawn with this key.`);
  const detail = `${numbers}, and the next one begins in ${secondsLeft} s.`;
  return new ArmatureError('quota_exceeded', detail, { retryAfter: secondsLeft });
}
