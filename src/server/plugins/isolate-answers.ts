import type { FastifyInstance } from 'fastify';

/** Headers that keep pages of other origins from showing an answer as a picture, a script or a frame, or from guessing its type. */
const isolation = {
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
} as const;

/** No answer becomes part of a page of another origin, unless whoever gives it says otherwise. */
export function isolateAnswers(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(isolation);
    done();
  });
}
