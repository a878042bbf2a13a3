import { z } from 'zod';
import type { Dialect } from '../../../src/server/dialects/contract/dialect.ts';

/** A dialect as small as one can be, in which all is other than in our own. */
export const atelier: Dialect = {
  id: 'atelier',
  mounts: [
    {
      prefix: '/atelier',
      routes: (scope) => {
        scope.get('/numbers/:number', {
          config: { access: 'read' },
          schema: { params: z.object({ number: z.coerce.number().int() }) },
          handler: (request) => ({ got: request.params }),
        });
        scope.post('/pictures', { config: { access: 'generate', submits: true } }, () => {
          throw new Error('a secret of the server');
        });
      },
    },
  ],
  writeError: (error, { request, status = error.status }) => ({
    status: status === 400 ? 422 : status,
    headers: { 'content-type': 'application/json', 'x-atelier-retry': String(status >= 500) },
    body: { wrong: { name: error.code, words: error.message, where: error.field ?? null }, request },
  }),
};
