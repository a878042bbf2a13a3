import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventStream } from '../../src/server/jobs/event-stream.ts';
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
    await records.reportProgress(job.id, attempt, { step: 1, steps: 20, share: 0.05 });
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
    expect((await stream.next()).value).toMatch(/^retry: 2000\nid: \d+\nevent: queued\ndata: /);
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

  test('go on by the address for a client that cannot set headers; the later id counts', async () => {
    const job = await submit();
    await finishJob(application, job);
    const from = async (query: string, headers = {}) =>
      (await collect(await fetch(`${address}${job.events_url}${query}`, { headers }))).map(({ type }) => type);
    expect(await from('?last_event_id=1')).toEqual(['started', 'succeeded']);
    expect(await from('?last_event_id=1', { 'last-event-id': '2' })).toEqual(['succeeded']);
    expect((await fetch(`${address}${job.events_url}?last_event_id=3`)).status).toBe(204);
  });

  test('go on beyond an end that was not the last', async () => {
    const job = await submit();
    const { records } = application.parts;
    const { attempt } = (await records.startAttempt('default', job.id))!;
    await records.failAttempt(job.id, attempt, { code: 'internal', detail: 'x' });
    await records.faults.retry('default', job.id);
    const stream = collect(await open(job));
    await finishJob(application, job);
    const all = await stream;
    expect(all.map(({ type }) => type)).toEqual(['queued', 'started', 'failed', 'queued', 'started', 'succeeded']);
    expect(all[2]!.data).toMatchObject({ attempt: 1, error: { code: 'internal' } });
    expect(all[5]!.data).toMatchObject({ id: job.id, status: 'succeeded', attempt: 2 });
  });

  test('show pictures on their way to those who follow the job, without a number, and of a slow client the newest', async () => {
    const { records, clock } = application.parts;
    const payload = { prompt: 'x', preview: { every: 2 } };
    const { id } = (await application.app.inject({ method: 'POST', url: '/v1/generations', payload })).json<JobView>();
    const job = (await records.findJob('default', id))!;
    const options = { after: 0, signal: new AbortController().signal, pollMs: 50, heartbeatMs: 60_000, clock };
    const stream = eventStream(records, job, () => Promise.reject(new Error('not ended')), {
      ...options,
      progress: true,
      previews: records.previews,
    });
    for (const expected of [': open', 'event: queued']) expect((await stream.next()).value).toContain(expected);
    const shown = { job: id, output: 0, candidate: 0, steps: 20, width: 1, height: 1, jpeg: 'AAAA' };
    const before = await records.eventsAfter(id, 0);
    const next = stream.next();
    for (const step of [2, 4, 6]) await records.previews.show({ ...shown, step });
    await records.previews.show({ ...shown, output: 1, step: 2 });
    const first = (await next).value as string;
    const second = (await stream.next()).value as string;
    const third = (await stream.next()).value as string;
    for (const text of [first, second, third])
      expect(text).toMatch(/^event: preview\ndata: \{.*"content_type":"image\/jpeg","data":"AAAA"\}\n\n$/);
    expect([first, second, third].map((text) => /"output":(\d).*"step":(\d)/.exec(text)?.slice(1))).toEqual([
      ['0', '2'],
      ['0', '6'],
      ['1', '2'],
    ]);
    expect(await records.eventsAfter(id, 0)).toEqual(before);
    await stream.return(undefined);
  });

  test('leave out what is out of date for a client that reads slowly', async () => {
    const { id } = await submit();
    const { records, clock } = application.parts;
    const { attempt } = (await records.startAttempt('default', id))!;
    const job = (await records.findJob('default', id))!;
    const options = { after: 0, signal: new AbortController().signal, pollMs: 50, heartbeatMs: 60_000, clock };
    const stream = eventStream(records, job, () => Promise.reject(new Error('not ended')), {
      ...options,
      progress: true,
      previews: null,
    });
    for (const expected of [': open', 'event: queued', 'event: started']) {
      expect((await stream.next()).value).toContain(expected);
    }
    for (let step = 1; step <= 20; step += 1)
      await records.reportProgress(id, attempt, { step, steps: 20, share: step / 20 });
    expect((await stream.next()).value).toContain('"step":20');
    await stream.return(undefined);
  });

  test('have a number of places, for one tenant and for all', async () => {
    const { settings } = application.parts;
    const limited = async (limits: { streams: number; streamsPerTenant: number }) => {
      const app = await application.rebuild({ settings: { ...settings, limits: { ...settings.limits, ...limits } } });
      return await app.listen({ port: 0, host: '127.0.0.1' });
    };
    const job = await submit();
    for (const [limits, status, code] of [
      [{ streams: 9, streamsPerTenant: 2 }, 429, 'rate_limited'],
      [{ streams: 2, streamsPerTenant: 9 }, 503, 'overloaded'],
    ] as const) {
      const own = `${await limited(limits)}${job.events_url}`;
      const leave = new AbortController();
      const [first, second] = [await fetch(own, { signal: leave.signal }), await fetch(own)];
      expect([first.status, second.status]).toEqual([200, 200]);
      const third = await fetch(own);
      expect([third.status, third.headers.get('retry-after')]).toEqual([status, '5']);
      expect(await third.json()).toMatchObject({ code });
      leave.abort();
      await expect
        .poll(async () => {
          const again = await fetch(own);
          await again.body?.cancel();
          return again.status;
        })
        .toBe(200);
      await second.body?.cancel();
    }
  });

  test('want a number as Last-Event-ID', async () => {
    const response = await open(await submit(), { 'last-event-id': 'x' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ field: 'last-event-id' });
  });
});
