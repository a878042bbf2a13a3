import type { DeviceProcess } from '../device/device-process.ts';
import { ArmatureError } from '../errors.ts';
import type { Job } from '../generation/job.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { DrawingDevice } from '../drawing/draw-plan.ts';
import type { RunningParts } from './parts.ts';

/**
 * The device as one attempt at a job sees it: a job that was in it when it died draws alone, and a drawing goes on from its
 * checkpoint and makes further ones.
 */
export function guardedDevice(
  { device, gate, checkpointEveryMs }: RunningParts,
  job: Job,
  checkpoints: Checkpoints,
): DrawingDevice {
  return {
    draw: async (request, options) =>
      await gate.run(job.strikes > 0, options.signal, async () => {
        await requireStarted(device);
        const resume = await checkpoints.load();
        const guarded = {
          ...request,
          ...(resume === null ? {} : { resume }),
          ...(checkpointEveryMs === null ? {} : { checkpointEveryMs: checkpointEveryMs / 2 ** faultsOf(job) }),
        };
        try {
          return await device.draw(guarded, { ...options, onCheckpoint: (state) => checkpoints.save(state) });
        } finally {
          await checkpoints.saved();
        }
      }),
  };
}

/** Where attempts are lost faster than checkpoints come, none gets further than the one before: each fault halves the time. */
function faultsOf({ strikes, losses }: Job): number {
  return Math.min(strikes + losses, 5);
}

/** A process that does not even start is no fault of the job that waits for it. */
async function requireStarted(device: DeviceProcess): Promise<void> {
  try {
    await device.start();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ArmatureError('unavailable', `The device process does not start: ${reason}`, { cause });
  }
}
