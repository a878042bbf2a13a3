import { ArmatureError } from '../errors.ts';

/** How onnxruntime, CUDA and the C++ library say that there is no memory left. */
const outOfMemory = /bad_alloc|out of memory|failed to allocate|could not allocate|BFCArena/i;

/** What went wrong while a network was loaded, without the paths that onnxruntime writes into its messages. */
export function loadError(network: string, cause: unknown): ArmatureError {
  if (outOfMemory.test(messageOf(cause))) return memoryError(`loading the ${network}`, cause);
  return new ArmatureError(
    'model_invalid',
    `The ${network} could not be loaded: its weights changed or were cut off since its header was read, or its files cannot be read.`,
    { cause },
  );
}

/** What went wrong while a network ran. */
export function runError(network: string, cause: unknown): ArmatureError {
  if (outOfMemory.test(messageOf(cause))) return memoryError(`running the ${network}`, cause);
  return new ArmatureError('internal', `The ${network} failed while it ran.`, { cause });
}

function memoryError(work: string, cause: unknown): ArmatureError {
  return new ArmatureError(
    'out_of_memory',
    `The device ran out of memory while ${work}. Ask for a smaller picture or fewer at once, or lower the memory budget.`,
    { cause },
  );
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : '';
}
