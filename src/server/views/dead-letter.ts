import { z } from 'zod';
import { errorCodes } from '../../errors.ts';
import type { Job } from '../../generation/job.ts';
import { jobKindIds, kindOf } from '../../generation/kinds/kinds.ts';
import type { Links } from '../http/links.ts';

/** An error as a job keeps it. */
export const jobErrorSchema = z
  .object({
    code: z.enum(Object.keys(errorCodes)),
    detail: z.string(),
    field: z.string().optional(),
  })
  .meta({ id: 'JobError' });

export const deadLetterSchema = z
  .object({
    id: z.string(),
    url: z.string().describe('Address of the job'),
    tenant: z.string(),
    kind: z.enum(jobKindIds),
    error: jobErrorSchema.describe('The fault that was one too many'),
    strikes: z.int().describe('How often the device or extractor process ended while the job was in it'),
    losses: z.int().describe('How often its worker died, or the store was away'),
    attempt: z.int().describe('Number of its last attempt'),
    metadata: z.record(z.string(), z.unknown()).nullable(),
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime(),
  })
  .meta({ id: 'DeadLetter' });

export const deadLetterListSchema = z
  .object({ data: z.array(deadLetterSchema), next_cursor: z.string().nullable().describe('null on the last page') })
  .meta({ id: 'DeadLetterList' });

/** A dead job as the list of dead letters shows it: it has ended, and with an error. */
export function deadLetterView(job: Job, links: Links): z.output<typeof deadLetterSchema> {
  return {
    id: job.id,
    url: links.job(job.id),
    tenant: job.tenant,
    kind: kindOf(job.plan).id,
    error: job.error!,
    strikes: job.strikes,
    losses: job.losses,
    attempt: job.attempt,
    metadata: job.metadata === null ? null : { ...job.metadata },
    created_at: job.createdAt.toISOString(),
    finished_at: job.finishedAt!.toISOString(),
  };
}
