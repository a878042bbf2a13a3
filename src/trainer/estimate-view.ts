import type { TrainingEstimate } from '../training/contract/training-estimate.ts';

/** What a training would take, as its report says it: numbers of bytes and of seconds. */
export function estimateView(estimate: TrainingEstimate): Readonly<Record<string, unknown>> {
  const { plan, steps, memory, disk, encoding, step, look, all, checkpoints } = estimate;
  const { bytes, writing, interval } = checkpoints;
  return {
    steps,
    held_out: plan.heldOut,
    memory_bytes: memory,
    disk_bytes: disk.needed,
    disk_free_bytes: disk.free,
    encoding_s: seconds(encoding),
    step_s: seconds(step),
    look_s: seconds(look),
    total_s: seconds(all),
    checkpoint: { bytes, writing_s: seconds(writing), every_s: seconds(interval) },
  };
}

/** To three digits: they are measured once. */
function seconds(value: number): number {
  return Number(value.toPrecision(3));
}
