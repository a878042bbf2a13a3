import { jobStatuses } from '../../generation/job.ts';
import { z } from 'zod';

export const jobSchema = z.object({
  id: z.string(),
  status: z.enum(jobStatuses),
  batch: z.object({ index: z.number() }),
  outputs: z.array(z.object({ content_type: z.enum(['image/png', 'image/jpeg', 'image/webp']) })),
  progress: z.object({ step: z.number(), steps: z.number() }).nullish(),
  error: z.object({ detail: z.string() }).nullable(),
});

/** What is told of an item of a batch. */
export type DrawnJob = z.output<typeof jobSchema>;
