import type { TrainingEstimate } from '../../training/contract/training-estimate.ts';

/** What a training would take, for people. */
export function estimateLines(estimate: TrainingEstimate): readonly string[] {
  const { plan, steps, pairs, memory, disk, encoding, step, look, all, checkpoints } = estimate;
  const out = plan.heldOut === 0 ? '' : `, ${plan.heldOut} of them held out`;
  const looks = plan.validation === null ? '' : `, a look ${seconds(look)}`;
  const short = disk.needed > disk.free ? ': make room first' : '';
  return [
    `${pairs} pairs${out}; ${steps} steps of ${plan.batch * plan.accumulation} pictures`,
    `memory: ${size(memory)} at most so far${plan.validation === null ? '' : ', and the base model once more while it is looked at'}`,
    `disk: ${size(disk.needed)} at most, of ${size(disk.free)} that are free${short}`,
    `time: a step ${seconds(step)}, encoding all pairs ${seconds(encoding)}${looks}; all of it ${seconds(all)}`,
    `checkpoints: ${size(checkpoints.bytes)}, every ${seconds(checkpoints.interval)}, in ${seconds(checkpoints.writing)} each`,
  ];
}

function size(bytes: number): string {
  return bytes < 2 ** 30 ? `${Math.ceil(bytes / 2 ** 20)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

function seconds(value: number): string {
  if (value < 120) return `${value.toPrecision(2)} s`;
  return value < 7200 ? `${(value / 60).toFixed(0)} min` : `${(value / 3600).toFixed(1)} h`;
}
