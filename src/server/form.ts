import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { ArmatureError } from '../errors.ts';
import { refuseDeepValue } from './json.ts';
import type { ServerLimits } from './limits.ts';

/** A multipart/form-data body, read whole. */
export interface Form {
  /** Text parts; a part of type application/json is parsed. */
  readonly fields: ReadonlyMap<string, unknown>;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Reads the form; a name that comes twice is refused, `payload_too_large` ends one that is over the limits. */
export async function readForm(request: FastifyRequest, limits: ServerLimits): Promise<Form> {
  const overflow = overflowOf(request.raw, limits.bodyBytes);
  try {
    return await Promise.race([collectParts(request, limits), overflow.reached]);
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw error;
    // The parser's own errors have no code: the body is not what its content type says.
    const detail = 'Expected a multipart form but it cannot be parsed.';
    throw new ArmatureError('invalid_request', detail, { cause: error });
  } finally {
    overflow.stop();
  }
}

/** Rejects once a body is longer than it may be, whatever the parser makes of it: what stands before the first part is endless to it. */
function overflowOf(body: Readable, most: number): { readonly reached: Promise<never>; readonly stop: () => void } {
  let received = 0;
  let count = (_chunk: Uint8Array): void => {};
  const reached = new Promise<never>((_resolve, reject) => {
    count = (chunk) => {
      received += chunk.length;
      if (received <= most) return;
      body.unpipe();
      reject(new ArmatureError('payload_too_large', `Expected a body of at most ${most} bytes.`));
    };
  });
  // The parser may have failed before.
  reached.catch(() => {});
  body.on('data', count);
  return { reached, stop: () => body.off('data', count) };
}

async function collectParts(request: FastifyRequest, limits: ServerLimits): Promise<Form> {
  const fields = new Map<string, unknown>();
  const files = new Map<string, Uint8Array>();
  let bytes = 0;
  for await (const part of request.parts()) {
    const name = part.fieldname;
    if (fields.has(name) || files.has(name)) throw repeated(name);
    if (part.type === 'file') {
      const file = await part.toBuffer();
      bytes += file.length;
      files.set(name, file);
    } else {
      if (part.valueTruncated) throw tooLong(name, limits.fieldBytes);
      if (typeof part.value === 'string') bytes += part.value.length;
      // The parser has parsed parts of type application/json.
      refuseDeepValue(part.value, name);
      fields.set(name, part.value);
    }
    if (bytes > limits.bodyBytes) {
      throw new ArmatureError('payload_too_large', `Expected a body of at most ${limits.bodyBytes} bytes.`);
    }
  }
  return { fields, files };
}

function repeated(name: string): ArmatureError {
  return new ArmatureError('invalid_request', `Expected each part of the form once but received ${name} twice.`, {
    field: name,
  });
}

function tooLong(name: string, limit: number): ArmatureError {
  const detail = `Expected the part ${name} to be at most ${limit} bytes: send a picture as a file part.`;
  return new ArmatureError('payload_too_large', detail, { field: name });
}
