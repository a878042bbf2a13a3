import fastify, { type FastifyInstance } from 'fastify';
import { ArmatureError } from '../errors.ts';
import { provenanceOf } from './access/provenance.ts';
import { watchRoutes } from './plugins/allowed-methods.ts';
import { answerErrors, answerMissing } from './plugins/errors.ts';
import { writeProblem } from './http/problem.ts';
import { isolateAnswers } from './plugins/isolate-answers.ts';
import { OneLineARequest } from './plugins/observe-requests.ts';
import type { ServerParts } from './parts/parts.ts';
import type { HealthParts } from './health/readiness.ts';
import { traceRequests } from './plugins/trace-requests.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoutes } from './routes/metrics.ts';

import { untraced } from '../tracing/tracing.ts';

/** What the monitoring of a worker stands on; `loopback`: it listens to this machine alone. */
export type MonitoringParts = HealthParts & Pick<ServerParts, 'metrics'> & { readonly loopback: boolean };

/** The HTTP application of a worker, which answers nobody else: health and metrics, for those who watch over it. */
export async function buildMonitoringApp(parts: MonitoringParts): Promise<FastifyInstance> {
  const app = fastify({ loggerInstance: parts.log, logController: new OneLineARequest() });
  traceRequests(app, untraced);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.decorate('writeError', writeProblem);
  answerErrors(app, parts.metrics.http);
  answerMissing(app, watchRoutes(app));
  isolateAnswers(app);
  if (parts.loopback) refuseForeignPages(app);
  healthRoutes(app, parts);
  metricsRoutes(app, parts.metrics.registry);
  await app.ready();
  return app;
}

/** As the api refuses them while it asks nobody for a key; health is anybody's to ask for. */
function refuseForeignPages(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    if (request.is404 || request.routeOptions.config.reach === 'anybody') return;
    const provenance = provenanceOf(request, { publicUrl: null, corsOrigins: [] });
    if (provenance.kind !== 'foreign') return;
    const detail =
      `The metrics of a worker on loopback are for the programs of its own machine, and this request came ${provenance.sign}. ` +
      'Ask for 127.0.0.1 or localhost, or start the worker with the --host where it is to be reached.';
    throw new ArmatureError('forbidden', detail);
  });
}
