import { z } from 'zod';
import type { Config } from '../config.ts';
import { ArmatureError, type ErrorCode } from '../errors.ts';

/** RFC 9457, as far as it is shown. */
const problemSchema = z.looseObject({ title: z.string(), code: z.string().optional(), detail: z.string().optional() });

/** A running server, and the key to show to it. */
export type ServerAddress = Pick<Config, 'server' | 'apiKey'>;

/**
 * One call of a running server's API. Returns the JSON of the answer; a problem document becomes an error with its
 * detail, a server that doesn't answer `unavailable`.
 */
export async function callServer(
  { server, apiKey }: ServerAddress,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<unknown> {
  const headers = {
    accept: 'application/json',
    ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const payload = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`${server}${path}`, { method, headers, ...payload }).catch((cause: unknown) => {
    const detail = `No server answers at ${server}. Start one with \`armature serve\`, or name another with --server.`;
    throw new ArmatureError('unavailable', detail, { cause });
  });
  const text = await response.text();
  if (response.ok) return parseJson(text, server);
  const problem = problemSchema.safeParse(parseJson(text, server));
  const said = problem.data?.detail ?? problem.data?.title ?? `${server} answered ${response.status}.`;
  throw new ArmatureError(codes[response.status] ?? 'invalid_request', said + (hints[response.status] ?? ''));
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
