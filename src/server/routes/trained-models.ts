import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { conditionIds } from '../../conditions/registry.ts';
import { typesOf } from '../../generation/models/controlnet.ts';
import type { TrainedModel } from '../../records/trainings/trainings.ts';
import { modelPrefix } from '../../store/keys.ts';
import type { ServerParts } from '../parts/parts.ts';
import { deleteLeftovers } from '../jobs/delete-leftovers.ts';
import { type RouteContext, tenantOf } from './context.ts';
import { idParameter, json, problem, tenantQuery } from './schemas.ts';

const trainedModel = z
  .object({
    id: z.string(),
    tenant: z.string(),
    published: z.boolean().describe('Whether everybody sees it'),
    training: z.string().describe('Id of the training that it came of'),
  })
  .meta({ id: 'TrainedModel' });

/** What becomes of models that were trained here. */
export function trainedModelRoutes(instance: FastifyInstance, { parts }: RouteContext): void {
  const routes = instance.withTypeProvider<ZodTypeProvider>();
  const { records, store } = parts;

  routes.delete('/v1/models/:id', {
    config: { access: 'train', anyTenant: true },
    schema: {
      operationId: 'deleteModel',
      summary: 'Delete a model that was trained here, with its files',
      description: 'Models that the operator put there answer 404: they lie in folders of the server.',
      tags: ['models'],
      params: idParameter,
      querystring: tenantQuery,
      response: { 204: z.undefined().describe('It is gone'), '4xx': problem },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const tenant = tenantOf(request);
      if ((await records.trainings.deleteModel(tenant, id)) === null) throw missing(id);
      await deleteLeftovers(parts, async () => await store.deleteAll(modelPrefix({ tenant, id })));
      return await reply.code(204).send();
    },
  });

  routes.post('/v1/models/:id/publish', {
    config: { access: 'admin' },
    schema: {
      operationId: 'publishModel',
      summary: 'Let everybody see a model that a tenant trained',
      description:
        'It stays that of its tenant, who alone may delete it. One for maps of a name that another ControlNet which everybody sees has answers 409.',
      tags: ['models'],
      params: idParameter,
      response: { 200: json('The model', trainedModel), '4xx': problem },
    },
    handler: async (request) => {
      const { id } = request.params;
      const found = await records.trainings.find(id);
      if (found === null) throw missing(id);
      const isNamed = found.condition !== null && !conditionIds.includes(found.condition);
      if (isNamed) await refuseTaken(parts, found);
      const outcome = await records.trainings.publish(id, isNamed);
      if (outcome.kind === 'absent') throw missing(id);
      if (outcome.kind === 'taken') throw taken(outcome.other, found);
      const { model } = outcome;
      return { id, tenant: model.tenant, published: model.published, training: model.jobId };
    },
  });
}

/** Whoever names a type of maps that is no condition means one ControlNet: of two that everybody sees nobody could say which. Records know of those that were trained here; this asks for those in folders of the server. */
async function refuseTaken({ library }: Pick<ServerParts, 'library'>, model: TrainedModel): Promise<void> {
  const { id, tenant, condition } = model;
  const { controlNets } = await library.of(tenant).list();
  const other = controlNets.find(
    (one) => one.owner === null && one.id !== id && typesOf(one)?.includes(condition ?? '') === true,
  );
  if (other !== undefined) throw taken(other.id, model);
}

function taken(other: string, { condition }: TrainedModel): ArmatureError {
  const detail = `Everybody sees the ControlNet ${other} for ${condition} already: of two of one name nobody could say which is meant. Train it under another name of its maps.`;
  return new ArmatureError('conflict', detail);
}

function missing(id: string): ArmatureError {
  return new ArmatureError('not_found', `There is no model ${JSON.stringify(id.slice(0, 100))} that was trained here.`);
}
