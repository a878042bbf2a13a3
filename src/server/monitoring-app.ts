import fastify, { type FastifyInstance } from 'fastify';
import { watchRoutes } from './plugins/allowed-methods.ts';
import { answerWithProblems } from './plugins/errors.ts';
import { OneLineARequest } from './plugins/observe-requests.ts';
import type { ServerParts } from './parts.ts';
import type { HealthParts } from './readiness.ts';
import { traceRequests } from './plugins/trace-requests.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoutes } from './routes/metrics.ts';

import { untraced } from '../tracing/tracing.ts';

/** The HTTP application of a worker, which answers nobody else: health and metrics, for those who watch over it. */
export async function buildMonitoringApp(parts: HealthParts & Pick<ServerParts, 'metrics'>): Promise<FastifyInstance> {
  const app = fastify({ loggerInstance: parts.log, logController: new OneLineARequest() });
  traceRequests(app, untraced);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  answerWithProblems(app, watchRoutes(app), parts.metrics.http);
  healthRoutes(app, parts);
  metricsRoutes(app, parts.metrics.registry);
  await app.ready();
  return app;
}
