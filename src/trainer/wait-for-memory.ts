import { setTimeout as pause } from 'node:timers/promises';
import { ArmatureError } from '../errors.ts';

/** Memory of the machine, in bytes. */
export interface MachineMemory {
  /** All that the processes of a worker may hold together. */
  readonly usable: number;
  /** What the device may come to hold of it. */
  readonly device: number;
  /** What is free now, as far as that is known. */
  readonly free: () => Promise<number>;
  /** Milliseconds from one look to the next. */
  readonly lookEvery?: number;
}

/**
 * Waits until a training has the memory that it needs: at once where that fits beside all that the device may hold, else once so much is free. `onWait` is told what it waits
 * for, at each look.
 *
 * @throws ArmatureError `out_of_memory` where the machine never has so much; the reason of `signal`
 */
export async function waitForMemory(
  bytes: number,
  { usable, device, free, lookEvery = 1000 }: MachineMemory,
  onWait: (what: string) => void,
  signal: AbortSignal,
): Promise<void> {
  if (bytes > usable) {
    const detail = `This training needs about ${gigabytes(bytes)} of memory, but ${gigabytes(usable)} are all there are. Ask for a smaller batch or resolution, or train a LoRA.`;
    throw new ArmatureError('out_of_memory', detail);
  }
  if (bytes + device <= usable) return;
  for (let now = await free(); now < bytes; now = await free()) {
    onWait(`${gigabytes(bytes)} of memory: ${gigabytes(now)} are free`);
    await pause(lookEvery, undefined, { signal }).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
