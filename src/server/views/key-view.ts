import { z } from 'zod';
import type { ApiKey } from '../../access/api-key.ts';
import { quotaSchema } from '../../access/key-request.ts';
import { scopes } from '../../access/scopes.ts';

export const keySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    tenant: z.string(),
    scopes: z.array(z.enum(scopes)),
    submissions_per_minute: z.int().nullable().describe("null: the server's own limit"),
    reads_per_minute: z.int().nullable().describe("null: the server's own limit"),
    quota: quotaSchema.nullable(),
    created_at: z.string(),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
    last_used_at: z.string().nullable().describe('Within a minute'),
  })
  .meta({ id: 'ApiKey' });

export type KeyView = z.output<typeof keySchema>;

export const newKeySchema = keySchema
  .extend({ key: z.string().describe('The text of the key. It is shown this once and kept by nobody.') })
  .meta({ id: 'NewApiKey' });

export const keyListSchema = z.object({ data: z.array(keySchema) }).meta({ id: 'ApiKeyList' });

export function keyView(key: ApiKey): KeyView {
  const { limits } = key;
  return {
    id: key.id,
    name: key.name,
    tenant: key.tenant,
    scopes: [...key.scopes],
    submissions_per_minute: limits.submissionsPerMinute,
    reads_per_minute: limits.readsPerMinute,
    quota: limits.quota === null ? null : { ...limits.quota },
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
  };
}
