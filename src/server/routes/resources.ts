import type { FastifyInstance } from 'fastify';
import { batchResultRoutes } from './batch-results.ts';
import { batchRoutes } from './batches.ts';
import { conditionRoutes } from './conditions.ts';
import { refuseUnwantedBodies } from '../plugins/refuse-unwanted-bodies.ts';
import type { RouteContext } from './context.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { descriptionRoutes } from './description.ts';
import { generationActionRoutes } from './generation-actions.ts';
import { generationEventRoutes } from './generation-events.ts';
import { generationFileRoutes } from './generation-files.ts';
import { generationRoutes } from './generations.ts';
import { healthRoutes } from './health.ts';
import { keyRoutes } from './keys.ts';
import { metricsRoutes } from './metrics.ts';
import { modelPreviewRoutes } from './model-previews.ts';
import { modelRoutes } from './models.ts';
import { overviewRoutes } from './overview.ts';
import { pageRoutes } from './pages.ts';
import { signedUrlRoutes } from './signed-urls.ts';
import { submitGenerationRoute } from './submit-generation.ts';
import { setRoutes } from './sets.ts';
import { trainedModelRoutes } from './trained-models.ts';
import { trainingFileRoutes } from './training-files.ts';
import { trainingLookRoutes } from './training-looks.ts';
import { trainingRoutes } from './trainings.ts';
import { upscaleRoutes } from './upscales.ts';
import { uploadRoutes } from './uploads.ts';
import { webhookDeliveryRoutes } from './webhook-deliveries.ts';

/** The routes of a resource. */
export interface Resource {
  readonly add: (scope: FastifyInstance, context: RouteContext) => void;
  /** It reads bodies in a way of its own, and so has a scope of its own. */
  readonly ownBodies?: true;
}

/** Every resource, in the order of the API description. A new one is one file and one row here. */
const resources: readonly Resource[] = [
  { add: submitGenerationRoute },
  { add: generationRoutes },
  { add: generationActionRoutes },
  { add: generationEventRoutes },
  { add: generationFileRoutes },
  { add: webhookDeliveryRoutes },
  { add: batchResultRoutes },
  { add: signedUrlRoutes },
  { add: keyRoutes },
  { add: overviewRoutes },
  { add: deadLetterRoutes },
  { add: conditionRoutes },
  { add: upscaleRoutes },
  { add: trainingRoutes },
  { add: trainingFileRoutes },
  { add: trainingLookRoutes },
  { add: modelRoutes },
  { add: trainedModelRoutes },
  { add: modelPreviewRoutes },
  { add: (scope, { parts }) => healthRoutes(scope, parts) },
  { add: (scope, { parts }) => metricsRoutes(scope, parts.metrics.registry) },
  { add: descriptionRoutes },
  { add: pageRoutes },
  // Only here is a picture a body.
  { add: uploadRoutes, ownBodies: true },
  // Here is one of any size.
  { add: setRoutes, ownBodies: true },
  // And here are lines, which are read as they arrive.
  { add: batchRoutes, ownBodies: true },
];

export async function addResources(app: FastifyInstance, context: RouteContext): Promise<void> {
  refuseUnwantedBodies(app);
  await app.register(async (scope) => {
    for (const { add, ownBodies } of resources) if (ownBodies !== true) add(scope, context);
  });
  for (const { add, ownBodies } of resources) {
    if (ownBodies === true) await app.register(async (scope) => add(scope, context));
  }
}
