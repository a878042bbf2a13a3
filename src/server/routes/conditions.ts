import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { acceptedInputs, describeConditions, findCondition } from '../../conditions/registry.ts';
import { otherTypes } from '../../generation/catalog.ts';
import { extractionRequest } from '../../generation/request/extraction.ts';
import { type RouteContext, tenantOf } from './context.ts';
import { flatExtraction } from '../submissions/flat-form.ts';
import { readSubmission } from '../submissions/submission.ts';
import { submitExtraction } from '../submissions/submit.ts';
import { extractionForm } from './form-schemas.ts';
import { json, problem, submissionBody, submissionHeaders } from './schemas.ts';
import { answerWithJob, submissionAnswers, unchecked } from './submission-route.ts';

const conditionSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    description: z.string(),
    accepts: z
      .array(z.enum(acceptedInputs))
      .describe(
        'photo: a map is extracted from any picture; map: a ready-made map is taken with preprocess false; mask: a mask may come beside the picture',
      ),
    options: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe("JSON Schema of the extractor's options; null where there is no extractor"),
  })
  .meta({ id: 'Condition' });

const conditionListSchema = z.object({ data: z.array(conditionSchema) }).meta({ id: 'ConditionList' });

/** Listing conditions and extracting maps. */
export function conditionRoutes(instance: FastifyInstance, context: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { parts } = context;
  const { limits } = parts.settings;

  routes.get('/v1/conditions', {
    config: { access: 'read' },
    schema: {
      operationId: 'listConditions',
      summary: 'The kinds of structure that can steer a picture',
      description: 'Each with what it takes and the JSON Schema of the options of its extractor.',
      tags: ['conditions'],
      response: { 200: json('All conditions', conditionListSchema), '4xx': problem },
    },
    handler: async (request) => {
      const types = await parts.library.of(tenantOf(request)).ask(otherTypes);
      return { data: describeConditions(types).map((row) => ({ ...row, accepts: [...row.accepts] })) };
    },
  });

  routes.post('/v1/conditions/:type', {
    config: { access: 'generate', submits: true },
    schema: {
      operationId: 'extractCondition',
      summary: 'Extract a map from a picture; it is output 0 of the job',
      description: 'It is a job as a generation is one: GET /v1/generations/{id} reads it.',
      tags: ['conditions'],
      params: z.object({ type: z.string() }),
      headers: submissionHeaders,
      body: submissionBody(extractionRequest, extractionForm),
      response: submissionAnswers,
    },
    ...unchecked,
    handler: async (request, reply) => {
      // Looked up before the key of an idempotent request is kept under its name.
      const { id: type } = await parts.library
        .of(tenantOf(request))
        .ask((models) => findCondition(request.params.type, 'type', otherTypes(models)));
      return await answerWithJob(context, request, reply, {
        route: `POST /v1/conditions/${type}`,
        read: async () => await readSubmission(request, limits, flatExtraction),
        submit: async (submission, options) => await submitExtraction(parts, type, submission, options),
      });
    },
  });
}
