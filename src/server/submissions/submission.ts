import type { FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import { type Form, isForm, readForm } from '../http/form.ts';
import { readJsonPart } from '../http/json.ts';
import type { ServerLimits } from '../parts/limits.ts';

/** A submitted body in whatever way it was written: the JSON, not yet checked, and the files it may refer to. */
export interface Submission {
  readonly body: unknown;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The name that its client gives the job, in dialects that have such names. */
  readonly externalId?: string | null;
}

/**
 * Reads a JSON body, a form with the JSON in its part `request`, or a flat form that `fromFlat` turns into JSON.
 */
export async function readSubmission(
  request: FastifyRequest,
  limits: ServerLimits,
  fromFlat: (form: Form) => unknown,
): Promise<Submission> {
  if (!isForm(request)) return { body: request.body ?? undefined, files: new Map() };
  const form = await readForm(request, limits);
  const written = form.fields.get('request') ?? form.files.get('request');
  if (written === undefined) return { body: fromFlat(form), files: form.files };
  const extra = [...form.fields.keys()].find((name) => name !== 'request');
  if (extra !== undefined) {
    const detail = `Expected no text parts beside the part request but received ${extra}: put it into the JSON.`;
    throw new ArmatureError('invalid_request', detail, { field: extra });
  }
  const files = new Map([...form.files].filter(([name]) => name !== 'request'));
  return { body: await readJsonPart(written, 'request'), files };
}
