import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { resolveUpscale } from '../../generation/kinds/upscale/resolve.ts';
import { parseUpscale } from '../../generation/parse.ts';
import { type UpscaleRequest, upscaleRequest } from '../../generation/request/upscale.ts';
import type { TenantModels } from '../../models/library.ts';
import { flatUpscale } from '../submissions/flat-form.ts';
import { readSubmission } from '../submissions/submission.ts';
import { type Asked, submitJob } from '../submissions/submit.ts';
import type { RouteContext } from './context.ts';
import { upscaleForm } from './form-schemas.ts';
import { submissionBody, submissionHeaders } from './schemas.ts';
import { answerWithJob, submissionAnswers, unchecked } from './submission-route.ts';

function askedBy(library: TenantModels): Asked<UpscaleRequest> {
  return {
    parse: parseUpscale,
    references: ({ image }) => [image],
    resolve: async (request, { check }) => {
      const picture = await check(request.image, 'image');
      return await library.ask((models) => resolveUpscale(request, picture, models));
    },
  };
}

/** Making pictures larger. */
export function upscaleRoutes(instance: FastifyInstance, context: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { parts } = context;
  const { limits } = parts.settings;

  routes.post('/v1/upscales', {
    config: { access: 'generate', submits: true },
    schema: {
      operationId: 'upscalePicture',
      summary: 'Make a picture larger; it is output 0 of the job',
      description: 'It is a job as a generation is one: GET /v1/generations/{id} reads it.',
      tags: ['upscales'],
      headers: submissionHeaders,
      body: submissionBody(upscaleRequest, upscaleForm),
      response: submissionAnswers,
    },
    ...unchecked,
    handler: async (request, reply) =>
      await answerWithJob(context, request, reply, {
        route: 'POST /v1/upscales',
        read: async () => await readSubmission(request, limits, flatUpscale),
        submit: async (submission, options) =>
          await submitJob(parts, askedBy(parts.library.of(options.tenant)), submission, options),
      }),
  });
}
