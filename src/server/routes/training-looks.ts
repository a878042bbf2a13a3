import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { shownFiles } from '../../generation/training-look.ts';
import { readStoredFile } from '../../store/stored-files.ts';
import { sendObject } from '../http/send-object.ts';
import { requireJob } from '../jobs/find-job.ts';
import { looksSchema, lookView } from '../views/look-view.ts';
import { type RouteContext, takePlace, tenantOf } from './context.ts';
import { idParameter, json, problem, tenantQuery } from './schemas.ts';

const lane = 'long';
const tags = ['trainings'];
const pageSize = 100;
const pictureType = 'image/png';
const content = { [pictureType]: { schema: z.string().meta({ format: 'binary' }) } };

const step = z.coerce
  .number()
  .int()
  .min(-1)
  .max(2 ** 31 - 1);

/** What trainings show on their way. */
export function trainingLookRoutes(instance: FastifyInstance, context: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { parts, links } = context;
  const { records, store } = parts;

  routes.get('/v1/trainings/:id/validations', {
    config: { access: 'read', anyTenant: true },
    schema: {
      operationId: 'listTrainingValidations',
      summary: 'What a training shows on pairs that it does not learn from',
      description:
        'By step: losses, how pictures obey their maps, and these pictures. Pictures of some fifty steps are kept, evenly over the training.',
      tags,
      params: idParameter,
      querystring: tenantQuery.extend({
        after: step.default(-1).describe('Steps up to and with this one are left out'),
        limit: z.coerce.number().int().min(1).max(pageSize).default(pageSize),
      }),
      response: { 200: json('One page', looksSchema), '4xx': problem },
    },
    handler: async (request) => {
      const { id } = await requireJob(records, tenantOf(request), request.params.id, lane);
      const { after, limit } = request.query;
      const found = await records.trainings.looks(id, { after, limit });
      return {
        data: found.map((look) => lookView(id, look, links)),
        next_after: found.length < limit ? null : (found.at(-1)?.figures.step ?? null),
        notices: [...(await records.trainings.notices(id))],
      };
    },
  });

  routes.get('/v1/trainings/:id/validations/:step/:index/:file', {
    config: { access: 'read', anyTenant: true, signable: true },
    schema: {
      operationId: 'getTrainingValidationPicture',
      summary: 'A picture that a training showed after a step',
      description: 'Its bytes never change: ETag is their hash. Ranges are served.',
      tags,
      params: idParameter.extend({
        step: step.min(0),
        index: z.coerce.number().int().min(0).max(999),
        file: z.enum(shownFiles).describe('The map, what was drawn with what is trained, or by the base model alone'),
      }),
      querystring: tenantQuery,
      response: {
        200: { description: 'The picture', content },
        206: { description: 'The range that was asked for', content },
        304: z.undefined().describe('The ETag in If-None-Match is still right'),
        '4xx': problem,
      },
    },
    handler: async (request, reply) => {
      const { id, step: at, index, file: which } = request.params;
      const job = await requireJob(records, tenantOf(request), id, lane);
      const file = (await records.trainings.look(job.id, at))?.pictures[index]?.[which] ?? null;
      if (file === null) throw new ArmatureError('not_found', `The training ${id} has no such picture of step ${at}.`);
      takePlace(context.openDownloads, reply);
      const fileName = `step-${at}-${index}-${which}.png`;
      const served = { key: file.name, sha256: file.sha256, bytes: file.bytes, contentType: pictureType, fileName };
      return await sendObject({ read: async (_, range) => readStoredFile(store, file, range) }, served, request, reply);
    },
  });
}
