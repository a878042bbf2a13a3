import type { FastifyInstance } from 'fastify';
import { ArmatureError } from '../../errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route accepts jobs: it does not while the process stops. */
    readonly submits?: boolean;
  }
}

/** Sends new jobs elsewhere once the process has been told to stop, before their bodies are read. */
export function refuseWhileDraining(app: FastifyInstance, draining: AbortSignal): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!draining.aborted || request.routeOptions.config.submits !== true) return;
    // A client that comes back shall come to another process.
    reply.header('connection', 'close');
    throw new ArmatureError(
      'unavailable',
      'The server is stopping and accepts no new jobs. Try again in a few seconds.',
    );
  });
}
