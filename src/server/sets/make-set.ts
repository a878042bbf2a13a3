import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { newUploadId } from '../../records/schema/ids.ts';
import type { SetQuota, SetUpload } from '../../records/sets/set-upload.ts';
import { setKey } from '../../store/keys.ts';
import type { ServerLimits } from '../parts/limits.ts';
import type { ServerParts } from '../parts/parts.ts';
import { quotaSpent, tooLargeSet } from './refusals.ts';

/** What is said of a training set before its first byte. */
export const setRequest = z
  .strictObject({
    size: z
      .int()
      .min(1)
      .optional()
      .describe('Bytes of the whole archive, where they are known: room for them is reserved at once'),
    name: z.string().min(1).max(200).optional().describe('What you call it'),
  })
  .meta({ id: 'SetRequest' });

export type SetRequest = z.output<typeof setRequest>;

/** Bytes that are left for results when a set comes in. */
const spareRoom = 2 ** 28;

export function setQuotaOf({ setQuotaBytes, unfinishedSets }: ServerLimits): SetQuota {
  return { bytes: setQuotaBytes, unfinished: unfinishedSets };
}

/** @throws ArmatureError `payload_too_large`, `storage_full`, `quota_exceeded` */
export async function makeSet(parts: ServerParts, tenant: string, { size, name }: SetRequest): Promise<SetUpload> {
  const { records, settings, clock } = parts;
  const { limits } = settings;
  await requireRoom(parts, size ?? 0);
  const id = newUploadId();
  const quota = setQuotaOf(limits);
  const set = { id, tenant, key: setKey(tenant, id), name: name ?? null, size: size ?? null, createdAt: clock() };
  const made = await records.sets.create(set, quota);
  if (made.kind === 'made') return made.set;
  if (made.kind === 'quota') throw quotaSpent(quota, made.held);
  const detail = `Expected at most ${quota.unfinished} sets that are not whole at a time: send what they lack, or delete some.`;
  throw new ArmatureError('quota_exceeded', detail);
}

/** Refuses a set that is too large, or for which the disk has no room beside those that are on their way. */
export async function requireRoom(
  { records, store, settings }: Pick<ServerParts, 'records' | 'store' | 'settings'>,
  bytes: number,
): Promise<void> {
  const { setBytes } = settings.limits;
  if (bytes > setBytes) throw tooLargeSet(setBytes, bytes);
  const room = bytes === 0 ? null : await store.room();
  if (room === null) return;
  const awaited = await records.sets.awaitedBytes();
  if (awaited + bytes + spareRoom <= room) return;
  const detail = `Expected room for ${bytes} bytes but ${Math.max(0, room - awaited - spareRoom)} are left: make room, or send a smaller set.`;
  throw new ArmatureError('storage_full', detail);
}
