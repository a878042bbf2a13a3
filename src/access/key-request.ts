import { z } from 'zod';
import { ArmatureError } from '../errors.ts';
import { quotaWindows } from './api-key.ts';
import { scopes } from './scopes.ts';

/** A tenant's name becomes part of object keys: no slash, no dot, nothing that a file system would fold. */
export const tenantName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, '1 to 63 small letters, digits, - and _, beginning with a letter or digit');

const perMinute = z.int().min(1).max(1_000_000).nullable();

/** As requests give quotas and answers show them. */
export const quotaSchema = z
  .strictObject({
    cost: z.number().min(0).max(1e18).describe('Pixel steps: width x height x steps x pictures drawn'),
    window: z.enum(quotaWindows).describe('Of the calendar, in UTC'),
  })
  .meta({ id: 'Quota' });

/** What a new key is asked for with: by the body of POST /v1/keys, and by the flags of `armature keys create`. */
export const keyRequest = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    tenant: tenantName.default('default'),
    scopes: z
      .array(z.enum(scopes))
      .min(1)
      .max(16)
      .transform((given) => scopes.filter((scope) => given.includes(scope)))
      .default(['generate', 'read']),
    expires_at: z.iso.datetime({ offset: true }).nullable().default(null),
    submissions_per_minute: perMinute.default(null).describe("null: the server's own limit"),
    reads_per_minute: perMinute.default(null).describe("null: the server's own limit"),
    quota: quotaSchema.nullable().default(null),
  })
  .meta({ id: 'KeyRequest' });

export type KeyRequest = z.output<typeof keyRequest>;

/**
 * Refuses a key that would be no good from the start: as the first one it would shut out everybody.
 *
 * @throws ArmatureError `invalid_request`
 */
export function requireLasting({ expires_at: end }: Pick<KeyRequest, 'expires_at'>, now: Date): void {
  if (end === null || Date.parse(end) > now.getTime()) return;
  const detail = `Expected expires_at to be a time to come but received ${JSON.stringify(end)}: the key would open nothing.`;
  throw new ArmatureError('invalid_request', detail, { field: 'expires_at' });
}

/** The longest time for which a key and its successor are both good. */
const longestOverlap = 30 * 24 * 3600;

export const rotateRequest = z
  .strictObject({
    overlap_s: z.int().min(0).max(longestOverlap).default(86_400).describe('Seconds for which the old key goes on'),
  })
  .meta({ id: 'RotateRequest' });
