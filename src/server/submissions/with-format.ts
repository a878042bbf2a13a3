import { ArmatureError } from '../../errors.ts';
import { isObject } from '../../generation/request/field-names.ts';
import type { OutputFormat } from '../../generation/request/choices.ts';
import { type OutputRequest, outputRequest } from '../../generation/request/output.ts';

const defaultFormat = outputRequest.parse({}).format;

/**
 * A request whose output has the format that the Accept header asks for. Where the body names another one, or asks for
 * several outputs while one picture is to be the answer, it is refused.
 */
export function withFormat<Request extends { readonly output: OutputRequest; readonly count?: number }>(
  request: Request,
  body: unknown,
  { format, single }: { readonly format: OutputFormat | null; readonly single: boolean },
): Request {
  if (single && request.count !== undefined) refuseSeveral(request.count);
  if (format === null || format === request.output.format) return request;
  if (namesFormat(body)) {
    const detail = `Expected Accept to be image/${request.output.format}, as output.format says, but received image/${format}.`;
    throw new ArmatureError('not_acceptable', detail, { field: 'output.format' });
  }
  return { ...request, output: { ...request.output, format } };
}

/** Refuses to answer with one picture where there are several. */
export function refuseSeveral(count: number): void {
  if (count === 1) return;
  const detail = `Expected count to be 1 where a picture is to be the answer but received ${count}: accept application/json.`;
  throw new ArmatureError('invalid_request', detail, { field: 'count' });
}

/** The format that {@link withFormat} comes to, of a body that is not checked yet. */
export function formatAsked(body: unknown, format: OutputFormat | null): unknown {
  if (format !== null) return format;
  return isObject(body) && isObject(body['output']) ? (body['output']['format'] ?? defaultFormat) : defaultFormat;
}

function namesFormat(body: unknown): boolean {
  return isObject(body) && isObject(body['output']) && body['output']['format'] !== undefined;
}
