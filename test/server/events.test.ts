import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { type Application, finishJob, openApplication } from './application.ts';

interface StreamEvent {
  readonly id: number;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

let application: Application;
let address: string;

beforeAll(async () => {
  application = await openApplication();
  address = await application.app.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(async () => await application.close());

async function submit(): Promise<JobView> {
  const response = await application.app.inject({ method: 'POST', url: '/v1/generations', payload: { prompt: 'x' } });
  return response.json<JobView>();
}

async function open(job: JobView, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${address}${job.events_url}`, { headers });
}

/** The blocks of an event stream, comments too, as they come. */
async function* blocks(response: Response): AsyncGenerator<string> {
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      yield text.slice(0, end);
      text = text.slice(end + 2);
    }
  }
}

async function* events(response: Response): AsyncGenerator<StreamEvent> {
  for await (const block of blocks(response)) {
    const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
    if (!fields.has('event')) continue;
    yield { id: Number(fields.get('id')), type: fields.get('event')!, data: JSON.parse(fields.get('data')!) };
  }
}

async function collect(response: Response): Promise<readonly StreamEvent[]> {
  const all: StreamEvent[] = [];
  for await (const event of events(response)) all.push(event);
  return all;
}

describe('the events of a job', () => {
  test('come as they happen, and the last carries the whole job', async () => {
    const job = await submit();
    const { records } = application.parts;
    const response = await open(job);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const stream = events(response);
    expect((await stream.next()).value).toMatchObject({ type: 'queued' });
    const { attempt } = (await records.startAttempt('default', job.id))!;
    expect((await stream.next()).value).toMatchObject({ type: 'started' });
    await records.reportProgress(job.id, attempt, { step: 1, steps: 20 });
    expect((await stream.next()).value).toMatchObject({ type: 'progress', data: { step: 1, steps: 20 } });
    await finishJob(application, job);
    const rest: StreamEvent[] = [];
    for await (const event of stream) rest.push(event);
    const last = rest.at(-1)!;
    expect(last.type).toBe('succeeded');
    expect(last.data).toEqual((await application.app.inject(job.url)).json());
  });

  test('go on where a client left off', async () => {
    const job = await submit();
    await finishJob(application, job);
    const all = await collect(await open(job));
    expect(all.map(({ type }) => type)).toEqual(['queued', 'started', 'succeeded']);
    const rest = await collect(await open(job, { 'last-event-id': String(all[0]!.id) }));
    expect(rest).toEqual(all.slice(1));
    expect((await open(job, { 'last-event-id': String(all[2]!.id) })).status).toBe(204);
  });

  test('end with a cancelled job', async () => {
    const job = await submit();
    const stream = collect(await open(job));
    await application.app.inject({ method: 'POST', url: `${job.url}/cancel` });
    expect((await stream).map(({ type }) => type)).toEqual(['queued', 'cancelled']);
  });

  test('fill a long silence with comments', async () => {
    const job = await submit();
    const stream = blocks(await open(job));
    expect((await stream.next()).value).toBe(': open');
    expect((await stream.next()).value).toContain('event: queued');
    application.passTime(15_000);
    expect((await stream.next()).value).toBe(': still here');
    await stream.return(undefined);
  });

  test('stop when the client goes away or the server closes', async () => {
    const listening = { now: 0 };
    const { records } = application.parts;
    const app = await application.rebuild({
      records: {
        ...records,
        onChange: (listener) => {
          listening.now += 1;
          const stop = records.onChange(listener);
          return () => {
            listening.now -= 1;
            stop();
          };
        },
      },
    });
    const own = await app.listen({ port: 0, host: '127.0.0.1' });
    const job = await submit();
    const leave = new AbortController();
    const left = blocks(await fetch(`${own}${job.events_url}`, { signal: leave.signal }));
    const stays = blocks(await fetch(`${own}${job.events_url}`));
    await left.next();
    await left.next();
    await stays.next();
    await stays.next();
    expect(listening.now).toBe(2);
    leave.abort();
    await expect(left.next()).rejects.toThrow('abort');
    await expect.poll(() => listening.now).toBe(1);
    await app.close();
    expect((await stays.next()).done).toBe(true);
    expect(listening.now).toBe(0);
  });

  test('want a number as Last-Event-ID', async () => {
    const response = await open(await submit(), { 'last-event-id': 'x' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ field: 'last-event-id' });
  });
});
