import { imagePrompt } from '../../conditions/image-prompt.ts';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { conditionIds } from '../../conditions/registry.ts';
import { generationRequest } from '../../generation/request/generation.ts';
import type { RouteContext } from './context.ts';
import { flatGeneration } from '../submissions/flat-form.ts';
import { readSubmission } from '../submissions/submission.ts';
import { submitGeneration } from '../submissions/submit.ts';
import { generationForm } from './form-schemas.ts';
import { submissionBody, submissionHeaders } from './schemas.ts';
import { answerWithJob, submissionAnswers, unchecked } from './submission-route.ts';

/** Asking for pictures. */
export function submitGenerationRoute(instance: FastifyInstance, context: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { parts } = context;
  const { limits } = parts.settings;

  routes.post('/v1/generations', {
    config: { access: 'generate', submits: true },
    schema: {
      operationId: 'createGeneration',
      summary: 'Draw pictures',
      description:
        'The answer is the job, which is drawn later; with Prefer: wait it is the job when it has ended, or with Accept: image/... its picture.',
      tags: ['generations'],
      headers: submissionHeaders,
      body: submissionBody(generationRequest, generationForm),
      response: submissionAnswers,
    },
    ...unchecked,
    handler: async (request, reply) => {
      return await answerWithJob(context, request, reply, {
        route: 'POST /v1/generations',
        read: async () =>
          await readSubmission(request, limits, (form) => flatGeneration(form, [...conditionIds, imagePrompt.id])),
        submit: async (submission, options) => await submitGeneration(parts, submission, options),
      });
    },
  });
}
