import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tracingWanted } from '../../src/config/environment.ts';
import { openTracing } from '../../src/tracing/open.ts';
import { traceIdOf, untraced } from '../../src/tracing/tracing.ts';
import { inlinePicture, type JobView, root, Service } from '../support/service.ts';
import { OtlpReceiver, type ReceivedSpan } from './otlp-receiver.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const clientSpan = 'b7ad6b7169203331';

describe('the trace of a request', () => {
  let receiver: OtlpReceiver;
  let job: JobView;

  beforeAll(async () => {
    receiver = await OtlpReceiver.start();
    const service = await Service.start({
      environment: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SERVICE_NAME: 'drawing' },
    });
    const image = inlinePicture(readFileSync(new URL('examples/photo.jpg', root)));
    const request = { prompt: 'a red ball', steps: 2, controls: [{ type: 'canny', image }], evaluate: true };
    const headers = { traceparent: `00-${traceId}-${clientSpan}-01`, prefer: 'wait=60' };
    job = await service.finished(await service.submit(request, headers));
    await service.fetch('/v1/generations/gen_none');
    await service.fetch('/livez');
    // What was not sent yet is sent before the process ends.
    await service.stop();
  });
  afterAll(() => receiver.close());

  const named = (name: string): ReceivedSpan => {
    const found = receiver.spans.filter((span) => span.traceId === traceId && span.name === name);
    expect(found, name).toHaveLength(1);
    return found[0]!;
  };

  it('begins with the client, and goes on in what accepts the job', () => {
    const request = named('POST /v1/generations');
    expect(request).toMatchObject({
      parentSpanId: clientSpan,
      kind: 2,
      attributes: { 'http.request.method': 'POST', 'http.response.status_code': 200 },
      resource: { 'service.name': 'drawing', 'armature.role': 'serve' },
    });
    expect(named('record job')).toMatchObject({
      parentSpanId: request.spanId,
      attributes: { 'armature.job.id': job.id },
    });
  });

  it('goes on in the worker, through the record of the job', () => {
    const attempt = named('attempt');
    expect(attempt).toMatchObject({
      parentSpanId: named('record job').spanId,
      kind: 5,
      failed: false,
      attributes: { 'armature.job.id': job.id, 'armature.attempt': 1, 'armature.kind': 'generation' },
    });
    for (const name of ['make maps', 'draw', 'evaluate', 'store', 'commit']) {
      expect(named(name).parentSpanId, name).toBe(attempt.spanId);
    }
  });

  it('is one of its own where the client sends none', () => {
    const other = receiver.spans.find(({ name }) => name === 'GET /v1/generations/:id')!;
    expect(other.traceId).not.toBe(traceId);
    expect(other.parentSpanId).toBeNull();
  });

  it('is not made of health checks', () => {
    expect(receiver.spans.filter(({ name }) => /livez|readyz|metrics/.test(name))).toEqual([]);
  });
});

describe('tracing', () => {
  it.each([
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SDK_DISABLED: 'true' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_TRACES_EXPORTER: 'none' }, false],
  ])('with %j is wanted: %s', (environment, wanted) => {
    expect(tracingWanted(environment)).toBe(wanted);
  });

  it('does nothing where it is not wanted', async () => {
    const tracing = await openTracing(false, { version: '0.0.0', role: 'api', onError: () => {} });
    expect(tracing).toBe(untraced);
    expect(await tracing.span('work', {}, async () => tracing.traceParent())).toBeNull();
  });

  it('names the trace of a traceparent', () => {
    expect(traceIdOf(`00-${traceId}-${clientSpan}-01`)).toBe(traceId);
    expect(traceIdOf(null)).toBeNull();
  });
});
