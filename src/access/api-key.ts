import type { Scope } from './scopes.ts';

/** A key as it is known after its making: all but its text. */
export interface ApiKey {
  /** `key_` and the public part of its text. */
  readonly id: string;
  /** What its owner calls it. */
  readonly name: string;
  readonly tenant: string;
  readonly scopes: readonly Scope[];
  /** Id of the first key of a row of rotations: usage is counted under it, so that a rotation resets no quota. */
  readonly account: string;
  readonly limits: KeyLimits;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** Within a minute. */
  readonly lastUsedAt: Date | null;
}

/** What a key may use up; null leaves it to the server's settings, and a quota of null is none. */
export interface KeyLimits {
  readonly submissionsPerMinute: number | null;
  readonly readsPerMinute: number | null;
  readonly quota: Quota | null;
}

export const quotaWindows = ['day', 'month'] as const;

/** Cost (`generation/cost.ts`) that may be spent in each day or month of the calendar, in UTC. */
export interface Quota {
  readonly cost: number;
  readonly window: (typeof quotaWindows)[number];
}

export const noLimits: KeyLimits = { submissionsPerMinute: null, readsPerMinute: null, quota: null };
