import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import type { FuzzedRequest, KnownThings, OpenApi } from './openapi-requests.ts';
import { RequestMaker } from './openapi-requests.ts';
import { Random } from './random.ts';

export interface FuzzOptions {
  readonly address: string;
  readonly count: number;
  readonly seed: number;
  /** Of things that are there already. */
  readonly ids: readonly string[];
  readonly pictures: readonly Uint8Array[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly onProgress?: (done: number) => void;
}

export interface FuzzReport {
  readonly requests: number;
  /** How often each status was answered. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Operations that answered with 2xx at least once, of all. */
  readonly reached: readonly string[];
  readonly operations: number;
  /** What the contract forbids: one line each, with all that it takes to send the request again. */
  readonly findings: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const parallel = 8;
const patienceMs = 60_000;
/** Enough of an answer to find ids in it and to check a problem; the rest of a picture or an event stream is not read. */
const readBytes = 20_000;

/** Sends requests made from the server's own description, a few at a time, and holds each answer against the contract. */
export async function fuzzRequests(options: FuzzOptions): Promise<FuzzReport> {
  const agent = new Agent({ keepAlive: true, maxSockets: parallel });
  const random = new Random(options.seed);
  const known: KnownThings = { ids: [...options.ids], pictures: options.pictures };
  const openapi = (await (await fetch(new URL('/openapi.json', options.address))).json()) as OpenApi;
  const maker = new RequestMaker(openapi, random, known);
  const statuses: Record<string, number> = {};
  const findings: string[] = [];
  const reached = new Set<string>();
  let sent = 0;
  const client = async (): Promise<void> => {
    while (sent < options.count) {
      sent += 1;
      if (sent % 1000 === 0) options.onProgress?.(sent);
      const made = maker.next();
      const answer = await send(options, agent, made).catch((error: Error) => error);
      const status = answer instanceof Error ? 'no answer' : String(answer.status);
      statuses[status] = (statuses[status] ?? 0) + 1;
      const fault = answer instanceof Error ? answer.message : faultOf(made, answer);
      if (fault !== null) findings.push(`${fault}: ${describe(made)}`);
      if (answer instanceof Error || answer.status >= 300) continue;
      reached.add(made.operation);
      remember(known.ids, answer.body);
    }
  };
  await Promise.all(Array.from({ length: parallel }, client));
  agent.destroy();
  const operations = Object.values(openapi.paths).flatMap((methods) => Object.keys(methods)).length;
  return { requests: sent, statuses, findings, operations, reached: [...reached].toSorted() };
}

/** What the contract does not allow of an answer; null where there is nothing. */
function faultOf({ method }: FuzzedRequest, { status, headers, body }: Answer): string | null {
  if ([500, 502, 504].includes(status)) return `${status} ${body.slice(0, 200)}`;
  if (status < 400 || method === 'HEAD') return null;
  const problem = headers['content-type']?.startsWith('application/problem+json') === true ? parse(body) : null;
  if (typeof problem?.['code'] !== 'string') return `${status} without a problem document: ${body.slice(0, 200)}`;
  if ((status === 503 || status === 429) && headers['retry-after'] === undefined)
    return `${status} without Retry-After`;
  // A stack trace has lines such as "    at fn (file.js:1:2)".
  if (/\bat .+\.(js|ts|mjs):\d+/.test(body)) return `${status} with a stack trace: ${body.slice(0, 300)}`;
  return null;
}

function parse(body: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(body) as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
}

function remember(ids: string[], body: string): void {
  const found = body.match(/\b[a-z]{3}_[0-9a-f-]{36}\b/g) ?? [];
  ids.push(...found.slice(0, 3));
  ids.splice(0, ids.length - 200);
}

function describe({ method, path, headers, body }: FuzzedRequest): string {
  const text = body === null ? '' : ` body(${body.length}) ${Buffer.from(body).toString('latin1', 0, 300)}`;
  return `${method} ${path.slice(0, 300)} ${JSON.stringify(headers).slice(0, 500)}${text}`;
}

async function send(options: FuzzOptions, agent: Agent, made: FuzzedRequest): Promise<Answer> {
  const url = new URL(options.address);
  return await new Promise<Answer>((resolve, reject) => {
    const sending = request(
      {
        agent,
        host: url.hostname,
        port: url.port,
        method: made.method,
        path: made.path,
        headers: { ...options.headers, ...made.headers, 'content-length': made.body?.length ?? 0 },
        signal: AbortSignal.timeout(patienceMs),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        const end = (): void =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          });
        const stream = response.headers['content-type']?.startsWith('text/event-stream') === true;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          length += chunk.length;
          if (length < readBytes && !stream) return;
          end();
          response.destroy();
        });
        response.on('end', end);
        response.on('error', end);
      },
    );
    sending.on('error', reject);
    // `Expect: 100-continue` holds the body back until the server asks for it, or answers.
    sending.end(made.body ?? undefined);
  });
}
