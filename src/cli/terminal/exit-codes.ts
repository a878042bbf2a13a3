import { CommanderError } from 'commander';
import { ArmatureError, type ErrorCode } from '../../errors.ts';
import { codeOfSignal } from '../../service/shutdown.ts';

/** What a command ends with; the table stands in docs/commands.md. */
export const exitCodes = { done: 0, failed: 1, invalid: 2 } as const;

/** What is in a file is wrong, and not what the command line says: the command fails. */
export class FileFault extends ArmatureError {}

/** Codes of what cannot be asked for. */
const invalid: ReadonlySet<ErrorCode> = new Set([
  'invalid_config',
  'invalid_request',
  'not_supported_yet',
  'unknown_model',
  'unknown_condition',
  'incompatible_autoencoder',
  'incompatible_control',
  'incompatible_lora',
  'incompatible_embedding',
]);

/** The exit code for an error. What ends because of a signal has that of the signal, 128 and its number. */
export function exitCodeOf(error: unknown, signal: NodeJS.Signals | null): number {
  if (signal !== null && isStopped(error)) return codeOfSignal(signal);
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.invalid;
  if (error instanceof FileFault || !(error instanceof ArmatureError)) return exitCodes.failed;
  return invalid.has(error.code) ? exitCodes.invalid : exitCodes.failed;
}

/** Whether work ended because it was told to. */
export function isStopped(error: unknown): boolean {
  if (error instanceof ArmatureError) return error.code === 'cancelled';
  return error instanceof Error && error.name === 'AbortError';
}
