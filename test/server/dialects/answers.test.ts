import { Writable } from 'node:stream';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dialects } from '../../../src/server/dialects/registry.ts';
import { type Application, finishJob, openApplication } from '../application.ts';
import { atelier } from './atelier.ts';

let application: Application;
let app: FastifyInstance;
const lines: Record<string, unknown>[] = [];

beforeAll(async () => {
  application = await openApplication();
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  const { settings } = application.parts;
  const limits = { ...settings.limits, waits: 1 };
  app = await application.rebuild({ log: pino({}, stream), settings: { ...settings, limits } }, [...dialects, atelier]);
});
afterAll(async () => await application.close());

const draw = async (
  headers: Readonly<Record<string, string>> = {},
  payload: Readonly<Record<string, unknown>> = { words: 'a house' },
): Promise<LightMyRequestResponse> => await app.inject({ method: 'POST', url: '/atelier/drawings', headers, payload });

/** Does something with the next job that is recorded. */
async function withNext(work: (id: string) => Promise<unknown>): Promise<void> {
  const recorded = new Promise<string>((resolve) => {
    const stop = application.parts.records.onChange((id) => {
      stop();
      resolve(id);
    });
  });
  await work(await recorded);
}

const jobs = async (): Promise<number> => {
  const [row] = await application.query<{ readonly count: string }>('SELECT count(*) AS count FROM armature.job');
  return Number(row!.count);
};

describe('a job that is made in a dialect', () => {
  test('is answered as the dialect answers, whatever our own headers say', async () => {
    const response = await draw({ prefer: 'wait=30', accept: 'text/html' });
    expect(response.statusCode).toBe(201);
    const { ticket } = response.json<{ ticket: string }>();
    const first = `/v1/generations/${ticket}/outputs/0`;
    expect(response.json()).toEqual({ ticket, status: 'queued', patience: 0, first });
    expect(response.headers).not.toHaveProperty('location');
    expect(response.headers).not.toHaveProperty('preference-applied');
  });

  test('is the same job for all others, in the format that its dialect wishes', async () => {
    const { ticket } = (await draw()).json<{ ticket: string }>();
    const seen = await app.inject(`/v1/generations/${ticket}`);
    expect(seen.json()).toMatchObject({ id: ticket, effective: { prompt: 'a house', output: { format: 'webp' } } });
  });

  test('is waited for as long as its dialect wishes', async () => {
    const finished = withNext(async (id) => await finishJob(application, { id }));
    expect((await draw({ 'x-atelier-patience': '30' })).json()).toMatchObject({ status: 'succeeded', patience: 30 });
    await finished;
    expect((await draw({ 'x-atelier-patience': '0.2' })).json()).toMatchObject({ status: 'queued', patience: 0.2 });
  });

  test('holds a place while it is waited for', async () => {
    let refused: LightMyRequestResponse | null = null;
    const next = withNext(async (id) => {
      refused = await draw({ 'x-atelier-patience': '30' });
      await finishJob(application, { id });
    });
    expect((await draw({ 'x-atelier-patience': '30' })).statusCode).toBe(201);
    await next;
    expect(refused!.json()).toMatchObject({ wrong: { name: 'overloaded' } });
  });

  test('is one for an Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'once' };
    const first = (await draw(headers)).json<{ ticket: string }>();
    const again = await draw(headers);
    expect(again.json()).toEqual(first);
    expect(again.headers['idempotency-replayed']).toBe('true');
  });

  test('is named in the line that is logged of its request', async () => {
    const { ticket } = (await draw()).json<{ ticket: string }>();
    await expect
      .poll(() => lines.filter(({ msg }) => msg === 'request').at(-1))
      .toMatchObject({
        path: '/atelier/drawings',
        job: ticket,
      });
  });
});

describe('what cannot be answered', () => {
  test.each([
    ['a wish that is none', { 'x-atelier-patience': 'some' }, { words: 'a house' }],
    ['one picture of several', { 'x-atelier-single': 'yes' }, { words: 'a house', count: 2 }],
    ['a request that is none', {}, { words: 7 }],
  ] as const)('is refused before there is a job: %s', async (_, headers, payload) => {
    const before = await jobs();
    const refused = await draw(headers, payload);
    expect(refused.statusCode).toBe(422);
    expect(refused.json()).toMatchObject({ wrong: { name: 'invalid_request' } });
    expect(await jobs()).toBe(before);
  });
});
