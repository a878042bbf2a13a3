import { z } from 'zod';
import type { Config } from '../../config/config.ts';
import { ArmatureError, type ErrorCode, errorCodes } from '../../errors.ts';
import { useServer } from '../settings/places.ts';

/** RFC 9457, as far as it is shown. */
const problemSchema = z.looseObject({ title: z.string(), code: z.string().optional(), detail: z.string().optional() });

/** A running server, and the key to show to it. */
export type ServerAddress = Pick<Config, 'server' | 'apiKey'>;

export interface ServerRequest {
  readonly method: 'GET' | 'POST';
  /** From the root of the server. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly signal?: AbortSignal;
}

/**
 * One call of a running server's API. Returns the JSON of the answer; a problem document becomes an error with its
 * detail, a server that doesn't answer `unavailable`.
 */
export async function callServer(
  address: ServerAddress,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<unknown> {
  const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  return await requestJson(address, { method, path, ...(body === undefined ? {} : json) });
}

/** The same for a body of any kind. */
export async function requestJson(address: ServerAddress, request: ServerRequest): Promise<unknown> {
  const response = await requestServer(address, request);
  return parseJson(await textOf(response, address), address.server);
}

/** One call, whatever it answers with; a problem document becomes an error. */
export async function requestServer(
  { server, apiKey }: ServerAddress,
  { path, headers, ...init }: ServerRequest,
): Promise<Response> {
  useServer({ server });
  const authorization = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
  const all = { accept: 'application/json', ...authorization, ...headers };
  const response = await fetch(`${server}${path}`, { ...init, headers: all }).catch((cause: unknown) => {
    throw noAnswer(server, cause);
  });
  if (response.ok) return response;
  const problem = problemSchema.safeParse(parseJson(await textOf(response, { server }), server)).data;
  const said = problem?.detail ?? problem?.title ?? `${server} answered ${response.status}.`;
  const detail = said + (hints[response.status] ?? '');
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  const later = Number.isFinite(retryAfter) ? { retryAfter } : {};
  throw new ArmatureError(codeOf(problem?.code, response.status), detail, later);
}

/** A connection may also break in the middle of an answer. */
async function textOf(response: Response, { server }: Pick<ServerAddress, 'server'>): Promise<string> {
  return await response.text().catch((cause: unknown) => {
    throw noAnswer(server, cause);
  });
}

/** The error for a server that does not answer, or breaks off. */
export function noAnswer(server: string, cause: unknown): ArmatureError {
  const detail = `No server answers at ${server}. Start one with \`armature serve\`, or name another with --server.`;
  return new ArmatureError('unavailable', detail, { cause });
}

/** The server's own code where this version knows it. */
function codeOf(code: string | undefined, status: number): ErrorCode {
  const known = Object.keys(errorCodes).find((name): name is ErrorCode => name === code);
  return known ?? codes[status] ?? 'invalid_request';
}

const codes: Readonly<Record<number, ErrorCode>> = { 401: 'unauthorized', 403: 'forbidden', 404: 'not_found' };

const hints: Readonly<Record<number, string>> = { 401: ' The setting is --api-key (ARMATURE_API_KEY).' };

function parseJson(text: string, server: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const detail = `${server} did not answer with JSON: is it an Armature server?`;
    throw new ArmatureError('unavailable', detail, { cause });
  }
}
