import { ArmatureError, type ErrorCode } from '../errors.ts';
import type { FaultKind } from '../generation/faults.ts';

const faults: Readonly<Partial<Record<ErrorCode, FaultKind>>> = {
  device_lost: 'strike',
  extractor_lost: 'strike',
  training_lost: 'strike',
  out_of_memory: 'strike',
  unavailable: 'loss',
  storage_full: 'loss',
};

/** What an error in an attempt says of the job: a fault, after which another attempt may go well, or a failure. */
export function verdictOn(error: unknown): FaultKind | 'failure' {
  return error instanceof ArmatureError ? (faults[error.code] ?? 'failure') : 'failure';
}
