import { ArmatureError } from '../../errors.ts';
import type { SetQuota } from '../../records/sets/set-upload.ts';

export function missingUpload(id: string): ArmatureError {
  return new ArmatureError('not_found', `There is no upload ${JSON.stringify(id.slice(0, 100))}.`);
}

export function otherWriter(id: string): ArmatureError {
  const detail = `Another request writes the set ${id} by now, or it was deleted: ask GET /v1/uploads/${id} what is there.`;
  return new ArmatureError('conflict', detail);
}

export function quotaSpent({ bytes }: SetQuota, held: number): ArmatureError {
  const detail = `Expected training sets of at most ${bytes} bytes together, of which ${held} are taken: delete sets that are not used any more.`;
  return new ArmatureError('quota_exceeded', detail);
}

export function tooLargeSet(most: number, size: number): ArmatureError {
  const detail = `Expected a training set of at most ${most} bytes but received one of ${size} or more: cut it into several sets.`;
  return new ArmatureError('payload_too_large', detail);
}
