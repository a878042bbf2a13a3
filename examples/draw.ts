/**
 * Draws a picture, says how far it is, saves it, and prints an address for it that works without the key:
 *
 *   ARMATURE_API_KEY=arm_... node examples/draw.ts 'a red cube on a green floor' cube.png
 *
 * Node runs it as it is from version 22.18 on. A server without keys, on this machine, needs no key.
 */
import { writeFile } from 'node:fs/promises';

const server = process.env['ARMATURE_SERVER'] ?? 'http://127.0.0.1:7860';
const key = process.env['ARMATURE_API_KEY'];
const authorization: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };

interface Job {
  readonly status: string;
  readonly events_url: string;
  readonly outputs: readonly { readonly url: string }[];
  readonly error: { readonly detail: string } | null;
}

/** Asks the server, with a body by POST; what it refuses is an error with its own words. */
async function ask(path: string, body?: unknown): Promise<Response> {
  const headers = { ...authorization, 'content-type': 'application/json' };
  const init = body === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(new URL(path, server), init);
  if (response.ok) return response;
  const { detail } = (await response.json()) as { readonly detail: string };
  throw new Error(detail);
}

async function post<Answer>(path: string, body: unknown): Promise<Answer> {
  return (await (await ask(path, body)).json()) as Answer;
}

/** The events of a job; the last has the whole job as its data. */
async function* follow(path: string): AsyncGenerator<{ readonly type: string; readonly data: unknown }> {
  const { body } = await ask(path);
  let text = '';
  for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: ?(.*)/s, 2)));
      if (fields['data'] !== undefined) yield { type: fields['event'] ?? 'message', data: JSON.parse(fields['data']) };
    }
  }
}

export async function draw(prompt: string, file: string): Promise<void> {
  const { events_url } = await post<Job>('/v1/generations', { prompt });
  let job: Job | null = null;
  for await (const { type, data } of follow(events_url)) {
    if (type === 'progress') console.log('progress', data);
    else job = data as Job;
  }
  const url = job?.outputs?.[0]?.url;
  if (url === undefined) throw new Error(job?.error?.detail ?? 'The job was cancelled.');
  await writeFile(file, Buffer.from(await (await ask(url)).arrayBuffer()));
  const { urls } = await post<{ urls: string[] }>('/v1/signed-urls', { paths: [url], expires_s: 600 });
  for (const address of urls) console.log(new URL(address, server).href);
}

if (process.argv[1] === import.meta.filename) await draw(process.argv[2] ?? 'a red cube', process.argv[3] ?? 'out.png');
