import { z } from 'zod';
import { ArmatureError } from '../../../src/errors.ts';
import type { Dialect } from '../../../src/server/dialects/contract/dialect.ts';
import { tenantOf } from '../../../src/server/routes/context.ts';
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
        scope.get('/drawings/:name', {
          config: { access: 'read' },
          schema: { params: z.object({ name: z.string() }) },
          handler: async (request) => {
            const { name } = request.params as { readonly name: string };
            const job = await context.parts.records.findJobByName(tenantOf(request), scope.dialect, name);
            if (job === null) throw new ArmatureError('not_found', `No drawing is called ${name}.`);
            return { ticket: job.id, name, status: job.status };
          },
        });
        scope.post('/drawings', {
          config: { access: 'generate', submits: true },
          ...unchecked,
          handler: async (request, reply) => {
            const { words, name, tell, ...body } = request.body as Readonly<Record<string, unknown>> & {
              name?: string;
            };
            return await answerWithJob(context, request, reply, {
              route: 'POST /atelier/drawings',
              read: async () => ({
                body: { ...body, prompt: words, ...(tell === undefined ? {} : { webhook: tell }) },
                files: new Map(),
                ...(name === undefined ? {} : { externalId: name }),
              }),
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
  writeEvent: ({ id, job }, links) => ({
    headers: { 'X-Atelier-Event': id },
    body: { over: job.door.externalId, ticket: job.id, status: job.status, first: links.output(job.id, 0) },
  }),
};
