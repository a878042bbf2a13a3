import { z } from 'zod';
import { isLongerThan } from './json-size.ts';
import { limits } from './limits.ts';
import { defaultBatchPriority, defaultPriority, priorities } from './priority.ts';
import { integer } from './scalars.ts';
import { webhookRequest } from './webhook.ts';

export const metadataRequest = z
  .record(z.string(), z.unknown())
  .refine((value) => !isLongerThan(value, limits.metadataBytes), {
    error: `an object of at most ${limits.metadataBytes} bytes as JSON`,
  })
  .describe(`Any JSON object of at most ${limits.metadataBytes} bytes; the job gives it back unchanged`)
  .meta({ examples: [{ order: 1234 }] });

export const priorityRequest = integer(priorities)
  .optional()
  .describe(
    `The higher, the sooner among what you have waiting; ${defaultPriority} by default, ${defaultBatchPriority} in a batch. It grows while the job waits`,
  );

/** What is said of every job, whatever it draws. */
export const jobFields = {
  priority: priorityRequest,
  metadata: metadataRequest.optional(),
  webhook: webhookRequest.optional().describe('Who is told of the end of the job'),
} as const;
