import { ArmatureError } from '../../errors.ts';
import type { TrainingRecords } from './trainings.ts';

/** `quota_exceeded` where the models that a tenant trained take all of their room already. */
export async function requireModelQuota(
  trainings: Pick<TrainingRecords, 'bytesOf'>,
  tenant: string,
  quota: number,
): Promise<void> {
  const held = await trainings.bytesOf(tenant);
  if (held < quota) return;
  const detail = `The models that were trained take ${held} bytes of the ${quota} that they may: delete some by DELETE /v1/models/{id}, or have them published.`;
  throw new ArmatureError('quota_exceeded', detail);
}
