import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import fastify, { type FastifyInstance } from 'fastify';
import { Authenticator } from './access/authenticator.ts';
import { BodyBudget } from './access/body-budget.ts';
import { type Guard, guardRoutes } from './access/guard.ts';
import { KeyRing } from './access/key-ring.ts';
import { OpenRequests } from './access/open-requests.ts';
import { RateLimiter } from './access/rate-limiter.ts';
import { routeContext } from './routes/context.ts';
import { dialectAt, mountDialects } from './dialects/mount.ts';
import type { Dialect } from './dialects/contract/dialect.ts';
import { dialects as allDialects } from './dialects/registry.ts';
import type { SecretRecords } from '../records/access/secrets.ts';
import { missingPage } from './pages/missing-page.ts';
import type { ServerParts } from './parts/parts.ts';
import { readWebFiles } from './pages/web-files.ts';
import { watchRoutes } from './plugins/allowed-methods.ts';
import { acceptForms } from './http/form.ts';
import type { ErrorWriter } from './http/error-writer.ts';
import { answerClientError, refuseExpectations } from './plugins/client-errors.ts';
import { answerErrors, answerMissing, sendError } from './plugins/errors.ts';
import { closeGracefully } from './plugins/graceful-close.ts';
import { isolateAnswers } from './plugins/isolate-answers.ts';
import { meterBodies } from './plugins/meter-bodies.ts';
import { observeRequests, OneLineARequest } from './plugins/observe-requests.ts';
import { traceRequests } from './plugins/trace-requests.ts';
import { askForBodies } from './plugins/expected-continue.ts';
import { endLateRequests } from './plugins/late-requests.ts';
import { describeApi } from './plugins/openapi.ts';
import { acceptJson } from './plugins/json-bodies.ts';
import { refuseOtherEncodings } from './plugins/content-headers.ts';
import { refuseRepeatedHeaders } from './plugins/refuse-repeated-headers.ts';
import { refuseUnknownQueries } from './plugins/refuse-unknown-queries.ts';
import { refuseWhileDraining } from './plugins/refuse-while-draining.ts';
import { connectionLimits, limitRequests } from './plugins/request-limits.ts';
import { validatorCompiler } from './plugins/validation.ts';
import { queueFigures } from './health/queue-figures.ts';

/**
 * The HTTP application, ready to listen or to be injected into. Closing it ends streams and waits; the parts stay open. One of the
 * `dialects` speaks wherever no other one does.
 */
export async function buildApp(
  parts: ServerParts,
  dialects: readonly Dialect[] = allDialects,
): Promise<FastifyInstance> {
  const { limits, corsOrigins, trustedProxies, version } = parts.settings;
  const writerAt = (url: string): ErrorWriter => dialectAt(dialects, url).writeError;
  const app = fastify({
    loggerInstance: parts.log,
    ...connectionLimits(limits),
    // A model's id is as long as the name of its file may be.
    routerOptions: { maxParamLength: 255 },
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    genReqId: () => `req_${randomUUID()}`,
    // A client's own id would let it write into our logs.
    requestIdHeader: false,
    logController: new OneLineARequest(),
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply, writerAt(request.url)),
  });
  app.server.on('checkExpectation', refuseExpectations(writerAt));
  app.setValidatorCompiler(validatorCompiler);
  // Views are typed by their schemas; checking each answer again would only cost time.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  traceRequests(app, parts.tracing);
  observeRequests(app, parts.metrics);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  isolateAnswers(app);
  limitRequests(app, limits);
  endLateRequests(app, limits.requestMs);
  askForBodies(app);
  refuseRepeatedHeaders(app);
  refuseOtherEncodings(app);
  acceptJson(app, limits.jsonValues);
  const files = await readWebFiles();
  const allowed = watchRoutes(app);
  answerErrors(app, parts.metrics.http);
  const sendMissingPage = missingPage(files, parts.settings.publicUrl);
  answerMissing(app, allowed, async (reply) => {
    parts.metrics.http.refused('not_found');
    return await sendMissingPage(reply);
  });
  refuseWhileDraining(app, parts.draining);
  await app.register(cors, {
    origin: corsOrigins.includes('*') ? '*' : [...corsOrigins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    // What only looks like a preflight is answered like one: a refusal of the plugin's own would be no problem document.
    strictPreflight: false,
    exposedHeaders: [
      'Location',
      'Content-Location',
      'ETag',
      'Preference-Applied',
      'Retry-After',
      'RateLimit',
      'RateLimit-Policy',
      'WWW-Authenticate',
      'X-Request-Id',
      'Idempotency-Replayed',
      'Upload-Offset',
    ],
  });
  acceptForms(app);
  await describeApi(app, version, parts.settings.publicUrl);
  const guard = guardOf(parts, app);
  guardRoutes(app, guard);
  meterBodies(app, new BodyBudget(parts.settings.load.bodyMemory), limits);
  refuseUnknownQueries(app);
  const context = routeContext(parts, app, { webFiles: files, signer: guard.authenticator.signer });
  closeGracefully(app);
  parts.metrics.queue.watch(queueFigures(parts.records));
  await mountDialects(app, dialects, { context, allowed });
  await app.ready();
  return app;
}

function guardOf({ records, settings, clock, log }: ServerParts, app: FastifyInstance): Guard {
  const now = (): number => clock().getTime();
  const ring = new KeyRing(records.keys, now, (err) => log.warn({ err }, 'the use of a key could not be noted'));
  const openRequests = new OpenRequests({ ring, now, pollMs: settings.limits.pollMs });
  app.addHook('onClose', async () => {
    openRequests.close();
    ring.close();
  });
  return {
    authenticator: new Authenticator(ring, settings.access, settings, now, sharedSecret(records.secrets)),
    limiter: new RateLimiter(records.usage, now, (err) =>
      log.warn({ err }, 'requests are counted in this process only'),
    ),
    openRequests,
    rates: settings.load,
  };
}

/** The secret that addresses are signed with, asked for once: it never changes. */
function sharedSecret(secrets: SecretRecords): () => Promise<Buffer> {
  let found: Promise<Buffer> | null = null;
  return async () => {
    found ??= secrets.get('signed urls');
    try {
      return await found;
    } catch (error) {
      found = null;
      throw error;
    }
  };
}
