import { z } from 'zod';
import { ArmatureError } from '../errors.ts';
import type { BatchAxis } from './batch.ts';
import { isObject, refuseUnknownFields } from './request/field-names.ts';
import { limits } from './request/limits.ts';
import { expandMatrix } from './matrix.ts';
import { check } from './parse.ts';
import { refuseFields } from './request/request-fields.ts';
import { generationRequest } from './request/generation.ts';
import { metadataRequest, priorityRequest } from './request/job.ts';
import { webhookRequest } from './request/webhook.ts';

const item = z.unknown().meta({ description: 'A body of POST /v1/generations' });

const options = {
  name: z.string().max(limits.batchName).optional().describe('For people'),
  priority: priorityRequest,
  metadata: metadataRequest.optional(),
  webhook: webhookRequest.optional().describe('Who is told of the end of the last item'),
};

/** What a batch has besides its items. */
const batchOptions = z.strictObject(options);

/** What of it stands in the query of a body of JSON Lines. */
export const lineOptions = batchOptions.omit({ metadata: true, webhook: true });

export const batchList = z.strictObject({ items: z.array(item).min(1), ...options });

export const batchMatrix = z.strictObject({
  template: z.record(z.string(), z.unknown()).describe('What all items have in common'),
  matrix: z
    .record(z.string(), z.array(z.unknown()).min(1))
    .refine((axes) => Object.keys(axes).length > 0, { error: 'an object with one axis at least' })
    .describe('Paths of fields, such as controls[0].scale, and the values that each takes')
    .meta({ examples: [{ seed: [1, 2, 3], 'controls[0].scale': [0.5, 1] }] }),
  ...options,
});

/** The same for the description of the API, where an item shows its fields. */
export const batchBody = z
  .union([
    z.array(generationRequest).min(1).describe('A batch by its items alone').meta({ id: 'GenerationRequests' }),
    batchList
      .extend({ items: z.array(generationRequest).min(1) })
      .describe('A batch by its items')
      .meta({ id: 'BatchOfItems' }),
    batchMatrix.describe('A batch of a template with all combinations of values').meta({ id: 'BatchOfMatrix' }),
  ])
  .describe('What is to be drawn: a list of requests, alone or with options, or a template and a matrix of values')
  .meta({ id: 'BatchRequest' });

const batchFieldNames = {
  known: ['items', ...Object.keys(batchMatrix.shape)],
} as const;

export type BatchOptions = z.output<typeof batchOptions>;

/** A batch before its items are looked at. */
export interface ReadBatch {
  readonly options: BatchOptions;
  readonly items: AsyncIterable<unknown> | Iterable<unknown>;
  readonly axes: readonly BatchAxis[] | null;
}

/**
 * Reads a body of JSON: an array of items, an object with `items`, or one with `template` and `matrix`. A matrix of more than
 * `maxItems` is refused before it is expanded.
 */
export function readBatch(body: unknown, maxItems: number): ReadBatch {
  if (Array.isArray(body)) return { ...listed({ items: body }, maxItems), options: {} };
  refuseUnknownFields(body, batchFieldNames);
  if (isObject(body)) refuseFields(webhookRequest, body['webhook'], ['webhook']);
  if (isObject(body) && ('template' in body || 'matrix' in body)) {
    if ('items' in body) {
      const detail = 'Expected either items, or template and matrix, but received both.';
      throw new ArmatureError('invalid_request', detail, { field: 'items' });
    }
    const { template, matrix, ...rest } = check(batchMatrix, body);
    return { options: rest, ...expandMatrix(template, matrix, maxItems) };
  }
  return listed(body, maxItems);
}

/** The items are checked one by one, where others have their turn between them: here only whether there are any. */
function listed(body: unknown, maxItems: number): ReadBatch {
  const items: unknown = isObject(body) ? body['items'] : undefined;
  if (!Array.isArray(items)) return { ...check(batchList, body), options: {}, axes: null };
  if (items.length > maxItems) throw tooManyItems(maxItems);
  const { items: _, ...options } = check(batchList, { ...(body as object), items: items.slice(0, 1).map(() => null) });
  return { items, options, axes: null };
}

/** The error for a batch of more items than it may have. */
export function tooManyItems(maxItems: number): ArmatureError {
  const detail = `Expected a batch of at most ${maxItems} items but received more: send several batches.`;
  return new ArmatureError('payload_too_large', detail, { field: 'items' });
}
