import { ArmatureError } from '../errors.ts';

/** Arrays of all that is trained which are there at once: weights, two moments, the gradients of a batch and their sum. */
const arrays = 5;
const bytesOfNumber = 4;
const mebibyte = 2 ** 20;

/**
 * Refuses a training that cannot fit, by the least that it holds: the system would end it without a word in the middle of its first step. `numbers` are trained; `usable`
 * are bytes.
 *
 * @throws ArmatureError `out_of_memory`
 */
export function requireMemory(numbers: number, { averaged, usable }: { averaged: boolean; usable: number }): void {
  const least = numbers * bytesOfNumber * (arrays + (averaged ? 1 : 0));
  if (least <= usable) return;
  const [needed, there] = [Math.ceil(least / mebibyte), Math.floor(usable / mebibyte)];
  const detail = `This training needs at least ${needed} MiB of memory for what it moves, beside the base model, but ${there} MiB are all there are. Train a LoRA of a smaller rank, beside a smaller base model, or on a machine with more memory.`;
  throw new ArmatureError('out_of_memory', detail);
}
