import { z } from 'zod';
import { tenantName } from '../../access/key-request.ts';
import { outputFormats } from '../../generation/request/choices.ts';
import { problemSchema, problemType } from '../http/problem.ts';

/** Pieces of route descriptions that several routes use. */
export const idParameter = z.object({ id: z.string() });
/** Where the page before ended: the id of its last entry. */
const pageCursor = z
  .string()
  .regex(/^[a-z]{3}_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, { error: 'next_cursor of the page before' })
  .describe('next_cursor of the page before');
/** Query of a list that is given in pages of at most `most` entries. */
export function pageQuery(most: number) {
  return { limit: z.coerce.number().int().min(1).max(most).default(20), cursor: pageCursor.optional() };
}

/** Query of what belongs to a tenant; such a route has `anyTenant` in its config. */
export const tenantQuery = z.object({
  tenant: tenantName.optional().describe('Another tenant than that of the key; needs the scope admin'),
});

export const fileParameters = z.object({ id: z.string(), index: z.coerce.number().int().min(0).max(999) });

export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .optional()
    .describe('1 to 255 printable characters: a request that comes again within 24 hours gets what the first one made'),
});

export const submissionHeaders = idempotencyHeaders.extend({
  prefer: z.string().optional().describe('wait=N answers when the job has ended, at most N seconds later'),
  accept: z.string().optional().describe('With Prefer: wait, image/png (jpeg, webp) answers with the picture itself'),
});

const binary = z.string().meta({ format: 'binary' });

export function pictureContent(): Record<string, { schema: z.ZodType }> {
  return Object.fromEntries(outputFormats.map((format) => [`image/${format}`, { schema: binary }]));
}

export function json(description: string, schema: z.ZodType) {
  return { description, content: { 'application/json': { schema } } };
}

export const problem = {
  description: 'A problem, by RFC 9457',
  content: { [problemType]: { schema: problemSchema } },
};

/**
 * Body of a route that takes JSON or a form; the handler checks it, so that errors are the same for both. The form comes
 * first: of a body in both, some generators of clients can read nothing but a form in the first place.
 */
export function submissionBody(schema: z.ZodType, form: z.ZodType) {
  return { content: { 'multipart/form-data': { schema: form }, 'application/json': { schema } } };
}
