import { z } from 'zod';
import { ArmatureError } from '../../../src/errors.ts';
import type { Dialect } from '../../../src/server/dialects/contract/dialect.ts';
import { answerWithJob, unchecked } from '../../../src/server/routes/submission-route.ts';
import { submitGeneration } from '../../../src/server/submissions/submit.ts';

/** A dialect as small as one can be, in which all is other than in our own. */
export const atelier: Dialect = {
  id: 'atelier',
  mounts: [
    {
      prefix: '/atelier',
      routes: (scope, context) => {
        scope.get('/numbers/:number', {
          config: { access: 'read' },
          schema: { params: z.object({ number: z.coerce.number().int() }) },
          handler: (request) => ({ got: request.params }),
        });
        scope.post('/pictures', { config: { access: 'generate', submits: true } }, () => {
          throw new Error('a secret of the server');
        });
        scope.post('/drawings', {
          config: { access: 'generate', submits: true },
          ...unchecked,
          handler: async (request, reply) => {
            const { words, ...body } = request.body as Readonly<Record<string, unknown>>;
            return await answerWithJob(context, request, reply, {
              route: 'POST /atelier/drawings',
              read: async () => ({ body: { ...body, prompt: words }, files: new Map() }),
              submit: async (submission, options) => await submitGeneration(context.parts, submission, options),
            });
          },
        });
      },
    },
  ],
  writeError: (error, { request, status = error.status }) => ({
    status: status === 400 ? 422 : status,
    headers: { 'content-type': 'application/json', 'x-atelier-retry': String(status >= 500) },
    body: { wrong: { name: error.code, words: error.message, where: error.field ?? null }, request },
  }),
  authentication: {
    credential: ({ 'x-atelier-pass': pass }) => (typeof pass === 'string' ? pass : null),
    expected: 'send the header X-Atelier-Pass',
    challenge: (refusal) =>
      `Atelier reason="${refusal.kind}"${refusal.kind === 'scope' ? ` scope="${refusal.scope}"` : ''}`,
  },
  answerJob: {
    wishes: ({ headers }) => {
      const patience = Number(headers['x-atelier-patience'] ?? 0);
      if (Number.isNaN(patience)) throw new ArmatureError('invalid_request', 'Expected seconds of patience.');
      return { wait: patience, single: headers['x-atelier-single'] !== undefined, format: 'webp' };
    },
    answer: async ({ job, wishes, ended }, { links }, reply) => {
      const { status } = await ended();
      return await reply
        .code(201)
        .send({ ticket: job.id, status, patience: wishes.wait, first: links.output(job.id, 0) });
    },
  },
};
