import { z } from 'zod';
import { ArmatureError } from '../errors.ts';

/** RFC 9457, as far as it is shown. */
const problemSchema = z.looseObject({ title: z.string(), code: z.string().optional(), detail: z.string().optional() });

/**
 * One call of a running server's API. Returns the JSON of the answer; a problem document becomes an error with its
 * detail, a server that doesn't answer `unavailable`.
 */
export async function callServer(server: string, method: 'GET' | 'POST', path: string): Promise<unknown> {
  const response = await fetch(`${server}${path}`, { method, headers: { accept: 'application/json' } }).catch(
    (cause: unknown) => {
      const detail = `No server answers at ${server}. Start one with \`armature serve\`, or name another with --server.`;
      throw new ArmatureError('unavailable', detail, { cause });
    },
  );
  const text = await response.text();
  if (response.ok) return parseJson(text, server);
  const problem = problemSchema.safeParse(parseJson(text, server));
  const code = response.status === 404 ? 'not_found' : 'invalid_request';
  throw new ArmatureError(
    code,
    problem.data?.detail ?? problem.data?.title ?? `${server} answered ${response.status}.`,
  );
}

function parseJson(text: string, server: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const detail = `${server} did not answer with JSON: is it an Armature server?`;
    throw new ArmatureError('unavailable', detail, { cause });
  }
}
