import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import multipart from '@fastify/multipart';
import fastify, { type FastifyInstance } from 'fastify';
import { ArmatureError } from '../errors.ts';
import { Authenticator } from './access/authenticator.ts';
import { guardRoutes } from './access/guard.ts';
import { KeyRing } from './access/key-ring.ts';
import { routeContext } from './context.ts';
import type { ServerParts } from './parts.ts';
import { watchRoutes } from './plugins/allowed-methods.ts';
import { answerClientError, refuseExpectation } from './plugins/client-errors.ts';
import { answerWithProblems, sendProblem } from './plugins/errors.ts';
import { closeGracefully } from './plugins/graceful-close.ts';
import { observeRequests, OneLineARequest } from './plugins/observe-requests.ts';
import { traceRequests } from './plugins/trace-requests.ts';
import { describeApi } from './plugins/openapi.ts';
import { refuseWhileDraining } from './plugins/refuse-while-draining.ts';
import { validatorCompiler } from './plugins/validation.ts';
import { conditionRoutes } from './routes/conditions.ts';
import { deadLetterRoutes } from './routes/dead-letters.ts';
import { descriptionRoutes } from './routes/description.ts';
import { generationEventRoutes } from './routes/generation-events.ts';
import { generationFileRoutes } from './routes/generation-files.ts';
import { generationActionRoutes } from './routes/generation-actions.ts';
import { generationRoutes } from './routes/generations.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { keyRoutes } from './routes/keys.ts';
import { queueFigures } from './queue-figures.ts';
import { modelRoutes } from './routes/models.ts';
import { pageRoutes } from './routes/pages.ts';
import { submitGenerationRoute } from './routes/submit-generation.ts';
import { uploadRoutes } from './routes/uploads.ts';

/**
 * The HTTP application, ready to listen or to be injected into. Closing it ends streams and waits; the parts stay open.
 */
export async function buildApp(parts: ServerParts): Promise<FastifyInstance> {
  const { limits, corsOrigins, version } = parts.settings;
  const app = fastify({
    loggerInstance: parts.log,
    bodyLimit: limits.bodyBytes,
    genReqId: () => `req_${randomUUID()}`,
    // A client's own id would let it write into our logs.
    requestIdHeader: false,
    logController: new OneLineARequest(),
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
  });
  app.server.on('checkExpectation', refuseExpectation);
  app.setValidatorCompiler(validatorCompiler);
  // Views are typed by their schemas; checking each answer again would only cost time.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  traceRequests(app, parts.tracing);
  observeRequests(app, parts.metrics);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    refuseLongBody(request.headers['content-length'], limits.bodyBytes);
  });
  answerWithProblems(app, watchRoutes(app), parts.metrics.http);
  refuseWhileDraining(app, parts.draining);
  await app.register(cors, {
    origin: corsOrigins.includes('*') ? '*' : [...corsOrigins],
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    // What only looks like a preflight is answered like one: a refusal of the plugin's own would be no problem document.
    strictPreflight: false,
    exposedHeaders: [
      'Location',
      'Content-Location',
      'ETag',
      'Preference-Applied',
      'Retry-After',
      'WWW-Authenticate',
      'X-Request-Id',
      'Idempotency-Replayed',
    ],
  });
  await app.register(multipart, {
    limits: {
      fieldNameSize: 100,
      fieldSize: limits.fieldBytes,
      fields: limits.formFields,
      fileSize: limits.picture.maxBytes,
      files: limits.formFiles,
      parts: limits.formFields + limits.formFiles,
      headerPairs: 20,
    },
  });
  await describeApi(app, version);
  guardRoutes(app, authenticatorOf(parts, app));
  const context = routeContext(parts, app);
  closeGracefully(app);
  parts.metrics.queue.watch(queueFigures(parts.records));
  await app.register(async (routes) => {
    submitGenerationRoute(routes, context);
    generationRoutes(routes, context);
    generationActionRoutes(routes, context);
    generationEventRoutes(routes, context);
    generationFileRoutes(routes, context);
    keyRoutes(routes, context);
    deadLetterRoutes(routes, context);
    conditionRoutes(routes, context);
    modelRoutes(routes, context);
    healthRoutes(routes, parts);
    metricsRoutes(routes, parts.metrics.registry);
    descriptionRoutes(routes, context);
    await pageRoutes(routes);
  });
  // In a scope of its own: only here is a picture a body.
  await app.register(async (routes) => uploadRoutes(routes, context));
  await app.ready();
  return app;
}

function authenticatorOf({ records, settings, clock, log }: ServerParts, app: FastifyInstance): Authenticator {
  const now = (): number => clock().getTime();
  const ring = new KeyRing(records.keys, now, (err) => log.warn({ err }, 'the use of a key could not be noted'));
  app.addHook('onClose', async () => ring.close());
  return new Authenticator(ring, settings.access, now);
}

/** The framework counts the bytes of bodies that it reads; forms are read by us, and need not be read to be refused. */
function refuseLongBody(contentLength: string | undefined, limit: number): void {
  if (contentLength === undefined || Number(contentLength) <= limit) return;
  const detail = `Expected a body of at most ${limit} bytes but received one of ${contentLength}.`;
  throw new ArmatureError('payload_too_large', detail);
}
