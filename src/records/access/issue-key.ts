import type { ApiKey } from '../../access/api-key.ts';
import type { KeyRequest } from '../../access/key-request.ts';
import { newKeyText } from '../../access/key-text.ts';
import type { KeyRecords } from './keys.ts';

/** A key with its text, which only whoever asked for it ever sees. */
export interface IssuedKey {
  readonly key: ApiKey;
  readonly text: string;
}

export async function issueKey(keys: KeyRecords, request: KeyRequest): Promise<IssuedKey> {
  const { id, text, hash } = newKeyText();
  const { name, tenant, scopes, submissions_per_minute, reads_per_minute, quota, expires_at } = request;
  const key = await keys.insert({
    id,
    hash: hash.toString('hex'),
    name,
    tenant,
    scopes,
    limits: { submissionsPerMinute: submissions_per_minute, readsPerMinute: reads_per_minute, quota },
    expiresAt: expires_at === null ? null : new Date(expires_at),
  });
  return { key, text };
}

/** Null where there is no such key, or none that still opens anything. */
export async function replaceKey(keys: KeyRecords, id: string, overlapSeconds: number): Promise<IssuedKey | null> {
  const { text, hash, ...successor } = newKeyText();
  const key = await keys.rotate(id, { id: successor.id, hash: hash.toString('hex') }, overlapSeconds);
  return key === null ? null : { key, text };
}
