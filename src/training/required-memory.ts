import { ArmatureError } from '../errors.ts';

/** Arrays of all that is trained which are there at once: weights, two moments, the gradients of a batch and their sum. */
const arrays = 5;
const bytesOfNumber = 4;
const mebibyte = 2 ** 20;

/** Bytes of what moves: so much is there whatever else is. */
export function leastMemory(numbers: number, averaged: boolean): number {
  return numbers * bytesOfNumber * (arrays + (averaged ? 1 : 0));
}

export interface RequiredParts {
  /** Numbers that are trained. */
  readonly trained: number;
  readonly averaged: boolean;
  /** Numbers of the locked networks that are loaded at once. */
  readonly locked: number;
  /** Bytes. */
  readonly usable: number;
}

/**
 * Refuses a training that cannot fit, by the least that it holds: the system would end it without a word in the middle of its first step, or of its first look.
 *
 * @throws ArmatureError `out_of_memory`
 */
export function requireMemory({ trained, averaged, locked, usable }: RequiredParts): void {
  const [moving, still] = [leastMemory(trained, averaged), locked * bytesOfNumber];
  if (moving + still <= usable) return;
  const [needed, moves, there] = [moving + still, moving, usable].map((bytes) => Math.ceil(bytes / mebibyte));
  const detail = `This training needs at least ${needed} MiB of memory, ${moves} of them for what it moves and the others for the locked networks, but ${there} MiB are all there are. Train a LoRA of a smaller rank, beside a smaller base model, without validation, which loads the base model once more, or on a machine with more memory.`;
  throw new ArmatureError('out_of_memory', detail);
}
