import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { isFinal } from '../../generation/job.ts';
import { sha256 } from '../../generation/references.ts';
import { readStoredFile } from '../../store/stored-files.ts';
import { sendObject } from '../http/send-object.ts';
import { requireJob } from '../jobs/find-job.ts';
import { type RouteContext, takePlace, tenantOf } from './context.ts';
import { fileParameters, idParameter, json, problem, tenantQuery } from './schemas.ts';

const lane = 'long';
const tags = ['trainings'];
const fileType = 'application/octet-stream';

const files = z
  .object({
    data: z.array(
      z.object({
        name: z.string().describe('Its path below the folder of the model'),
        url: z.string(),
        bytes: z.int(),
        sha256,
      }),
    ),
  })
  .meta({ id: 'TrainingFiles' });

const checkpoints = z
  .object({ data: z.array(z.object({ step: z.int(), attempt: z.int().describe('That made it') })) })
  .meta({ id: 'TrainingCheckpoints' });

/** What trainings made, and from where they go on. */
export function trainingFileRoutes(instance: FastifyInstance, context: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { parts, links } = context;
  const { records, store } = parts;

  routes.get('/v1/trainings/:id/files', {
    config: { access: 'read', anyTenant: true },
    schema: {
      operationId: 'listTrainingFiles',
      summary: 'The files that a training made',
      description:
        'In the forms that programs read, with a card and the losses. Empty until it has succeeded, and once its model is deleted.',
      tags,
      params: idParameter,
      querystring: tenantQuery,
      response: { 200: json('The files', files), '4xx': problem },
    },
    handler: async (request) => {
      const { id } = await requireJob(records, tenantOf(request), request.params.id, lane);
      const model = await records.trainings.madeBy(tenantOf(request), id);
      const found = model?.files ?? [];
      return {
        data: found.map(({ name, bytes, sha256: hash }, index) => {
          return { name, url: links.file(id, index), bytes, sha256: hash };
        }),
      };
    },
  });

  routes.get('/v1/trainings/:id/files/:index', {
    config: { access: 'read', anyTenant: true, signable: true },
    schema: {
      operationId: 'getTrainingFile',
      summary: 'A file that a training made',
      description: 'Its bytes never change: ETag is their hash. Ranges are served.',
      tags,
      params: fileParameters,
      querystring: tenantQuery,
      response: {
        200: { description: 'The file', content: { [fileType]: { schema: z.string().meta({ format: 'binary' }) } } },
        206: {
          description: 'The range that was asked for',
          content: { [fileType]: { schema: z.string().meta({ format: 'binary' }) } },
        },
        304: z.undefined().describe('The ETag in If-None-Match is still right'),
        '4xx': problem,
      },
    },
    handler: async (request, reply) => {
      const { id, index } = request.params;
      const job = await requireJob(records, tenantOf(request), id, lane);
      const file = (await records.trainings.madeBy(job.tenant, id))?.files[index];
      if (file === undefined) {
        throw new ArmatureError('not_found', `The training ${id} has no file ${index}: it has ${job.status}.`);
      }
      takePlace(context.openDownloads, reply);
      const fileName = file.name.split('/').at(-1) ?? file.name;
      const served = { key: file.name, sha256: file.sha256, bytes: file.bytes, contentType: fileType, fileName };
      return await sendObject({ read: async (_, range) => readStoredFile(store, file, range) }, served, request, reply);
    },
  });

  routes.get('/v1/trainings/:id/checkpoints', {
    config: { access: 'read', anyTenant: true },
    schema: {
      operationId: 'listTrainingCheckpoints',
      summary: 'From where a training goes on',
      description: 'The newest one; an earlier one goes once it is whole. Empty before the first, and at the end.',
      tags,
      params: idParameter,
      querystring: tenantQuery,
      response: { 200: json('The checkpoints', checkpoints), '4xx': problem },
    },
    handler: async (request) => {
      const job = await requireJob(records, tenantOf(request), request.params.id, lane);
      const isKept = job.checkpoint !== null && (!isFinal(job.status) || job.status === 'failed');
      return { data: isKept ? [{ ...job.checkpoint }] : [] };
    },
  });
}
