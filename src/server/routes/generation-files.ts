import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Job } from '../../generation/job.ts';
import { type RouteContext, takePlace, tenantOf } from './context.ts';
import { requireJob } from '../jobs/find-job.ts';
import { servedMap, servedOutput, servedSource } from '../jobs/job-files.ts';
import { type ServedObject, sendObject } from '../http/send-object.ts';
import { fileParameters, pictureContent, problem, tenantQuery } from './schemas.ts';

/** The bytes of outputs and maps. */
export function generationFileRoutes(instance: FastifyInstance, context: RouteContext): void {
  serveFile('outputs', 'getOutput', 'A picture that a job drew', servedOutput);
  serveFile('maps', 'getMap', 'The map that a control used', servedMap);
  serveFile('sources', 'getSource', 'The picture that a control was given, as it came', async (job, index) => {
    return await servedSource(context.parts.store, job, index);
  });

  function serveFile(
    folder: string,
    operationId: string,
    summary: string,
    choose: (job: Job, index: number) => ServedObject | Promise<ServedObject>,
  ): void {
    instance.withTypeProvider<ZodTypeProvider>().get(`/v1/generations/:id/${folder}/:index`, {
      config: { access: 'read', anyTenant: true, signable: folder !== 'sources' },
      schema: {
        operationId,
        summary,
        description:
          'In the format that the job was asked for. Its bytes never change: ETag is their hash. Ranges are served.',
        tags: ['generations'],
        params: fileParameters,
        querystring: tenantQuery,
        response: {
          200: { description: 'The file', content: pictureContent() },
          206: { description: 'The range that was asked for', content: pictureContent() },
          304: z.undefined().describe('The ETag in If-None-Match is still right'),
          '4xx': problem,
        },
      },
      handler: async (request, reply) => {
        const { id, index } = request.params;
        const { records, store } = context.parts;
        const job = await requireJob(records, tenantOf(request), id);
        const file = await choose(job, index);
        takePlace(context.openDownloads, reply);
        return await sendObject(store, file, request, reply);
      },
    });
  }
}
