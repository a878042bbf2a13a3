import type { DeviceProcess } from '../device/device-process.ts';
import type { UpscalingDevice } from '../drawing/upscale.ts';
import type { DrawingDevice } from '../drawing/draw-passes.ts';
import { ArmatureError } from '../errors.ts';
import type { Job } from '../generation/job.ts';
import type { RunningParts } from './parts.ts';

/** The device as one attempt at a job sees it: a job that was in it when it died draws alone. */
export function guardedDevice({ device, gate }: RunningParts, job: Job): DrawingDevice & UpscalingDevice {
  const inside = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> =>
    await gate.run(job.strikes > 0, signal, async () => {
      await requireStarted(device);
      return await work();
    });
  return {
    draw: async (request, options) => await inside(options.signal, async () => await device.draw(request, options)),
    enlarge: async (request, options) =>
      await inside(options.signal, async () => await device.enlarge(request, options)),
  };
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
