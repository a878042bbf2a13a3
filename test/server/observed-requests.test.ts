import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { parseExposition } from '../metrics/exposition.ts';
import { type Application, openApplication } from './application.ts';

let application: Application;

beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

async function observedApp() {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  const app = await application.rebuild({
    metrics: createMetrics({ version: '0.0.0', role: 'api' }),
    log: pino({ level: 'info' }, stream),
  });
  const counts = async (): Promise<readonly string[]> => {
    const answer = await app.inject('/metrics');
    expect(answer.headers['content-type']).toContain('text/plain; version=0.0.4');
    const { samples } = parseExposition(answer.body).get('armature_http_request_seconds')!;
    return samples
      .filter(({ name }) => name.endsWith('_count'))
      .map(({ labels, value }) => `${labels['method']} ${labels['route']} ${labels['status']} ${value}`);
  };
  return { app, lines, counts };
}

describe('requests', () => {
  test('are counted by the template of their route, never by an id', async () => {
    const { app, counts } = await observedApp();
    await app.inject('/v1/generations/gen_1');
    await app.inject('/v1/generations/gen_2?secret=1');
    await app.inject('/v1/wrong/gen_3');
    await app.inject('/livez');
    expect(await counts()).toEqual([
      'GET /v1/generations/:id 404 1',
      'GET /v1/generations/:id 400 1',
      'GET none 404 1',
      'GET /livez 200 1',
    ]);
  });

  test('that are refused are counted by code', async () => {
    const { app } = await observedApp();
    await app.inject('/v1/generations/gen_1');
    await app.inject('/v1/generations?limit=0');
    const { samples } = parseExposition((await app.inject('/metrics')).body).get('armature_http_problems_total')!;
    expect(samples.map(({ labels, value }) => [labels['code'], value])).toEqual([
      ['not_found', 1],
      ['invalid_request', 1],
    ]);
  });

  test('are logged in one line each, without their query', async () => {
    const { app, lines } = await observedApp();
    const answer = await app.inject('/v1/generations/gen_1?secret=1');
    expect(lines).toEqual([
      expect.objectContaining({
        reqId: answer.headers['x-request-id'],
        method: 'GET',
        path: '/v1/generations/gen_1',
        status: 400,
        ms: expect.any(Number),
        job: 'gen_1',
        msg: 'request',
      }),
    ]);
  });

  test('that make a job are logged with its id', async () => {
    const { app, lines } = await observedApp();
    const answer = await app.inject({ method: 'POST', url: '/v1/generations', payload: { prompt: 'a red ball' } });
    expect(lines).toEqual([expect.objectContaining({ status: 202, job: answer.json<{ id: string }>().id })]);
  });

  test('of health checks and scrapes leave no line', async () => {
    const { app, lines } = await observedApp();
    await Promise.all(['/livez', '/readyz', '/metrics'].map(async (url) => await app.inject(url)));
    expect(lines).toEqual([]);
  });
});
