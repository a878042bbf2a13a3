import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readText } from '../../json/read-json.ts';
import { type FormLimits, type FormPart, isPicture, readParts } from './form-parts.ts';
import { readJsonPart } from './json.ts';
import { requireUtf8 } from './media-type.ts';

/** A multipart/form-data body, read whole. */
export interface Form {
  /** Text parts; a part of type application/json is parsed. */
  readonly fields: ReadonlyMap<string, unknown>;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** What stands for the body of a request that is a form: its reader comes later, and knows what it is for. */
const form = Symbol('a form that is not read yet');

/** Lets the routes that are registered after it take forms. */
export function acceptForms(app: FastifyInstance): void {
  app.addContentTypeParser('multipart/form-data', (_request, _payload, done) => done(null, form));
}

export function isForm({ body }: FastifyRequest): boolean {
  return body === form;
}

/**
 * Reads the form; a name that comes twice is refused, `payload_too_large` ends one that is over the limits, and text that is not
 * UTF-8 is refused as that of a body is.
 */
export async function readForm({ raw, headers }: FastifyRequest, limits: FormLimits): Promise<Form> {
  const parts = await readParts(raw, headers['content-type'] ?? '', limits);
  const fields = new Map<string, unknown>();
  const files = new Map<string, Uint8Array>();
  for (const part of parts) {
    // What is no text may say what it likes.
    if (!isPicture(part.type)) requireUtf8(part.charset, `the part ${part.name}`, part.name);
    if (part.isFile) files.set(part.name, part.bytes);
    else fields.set(part.name, await fieldOf(part));
  }
  return { fields, files };
}

async function fieldOf({ name, type, bytes }: FormPart): Promise<unknown> {
  if (type === 'application/json') return await readJsonPart(bytes, name);
  return readText(bytes, { subject: `the part ${name} to be text`, field: name });
}
