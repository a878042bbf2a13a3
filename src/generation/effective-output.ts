import { z } from 'zod';
import { outputFormats } from './request/choices.ts';
import type { OutputOptions } from './plan.ts';

/** How outputs are encoded, as clients see it. */
export const effectiveOutput = z.object({
  format: z.enum(outputFormats),
  quality: z.int().nullable().describe('null for png'),
});

export function outputView({ format, quality }: OutputOptions): z.output<typeof effectiveOutput> {
  return { format, quality: format === 'png' ? null : quality };
}
