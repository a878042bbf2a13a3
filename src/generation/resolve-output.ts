import { ArmatureError } from '../errors.ts';
import type { OutputOptions } from './plan.ts';
import type { OutputRequest } from './request/output.ts';

/** How outputs are encoded. `invalid_request` for the quality of a format that has no loss. */
export function resolveOutput(output: OutputRequest): OutputOptions {
  if (output.format !== 'png') return { format: output.format, quality: output.quality ?? 90 };
  if (output.quality === undefined) return { format: 'png', quality: 100 };
  const detail = `Expected no output.quality with the format png, which has no loss, but received ${output.quality}.`;
  throw new ArmatureError('invalid_request', detail, { field: 'output.quality' });
}
