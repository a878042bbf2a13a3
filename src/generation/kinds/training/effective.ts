import { z } from 'zod';
import { trainingRequest } from '../../request/training.ts';
import type { TrainingJobPlan } from './job-plan.ts';
import { trainedKinds } from './trained/trained.ts';

const reference = z.object({ id: z.string(), hash: z.string() });

export const effectiveTraining = z
  .object({
    ...trainingRequest.shape,
    learning_rate: z.union([z.number(), z.string()]),
    prompt_dropout: z.number(),
    base: reference,
    vae: reference.nullable().describe("Autoencoder in the place of the base model's own"),
    init: reference.nullable().describe('The model that it began as; null for a new one'),
    name: z.string().describe('Id of the model that comes of it'),
    seed: z.int(),
    dry_run: z.boolean(),
    data: z.object({ upload_ids: z.array(z.string()) }),
  })
  .meta({ id: 'EffectiveTraining' });

export type EffectiveTraining = z.output<typeof effectiveTraining>;

export function trainingView({ request, base, vae, init, sets, dryRun }: TrainingJobPlan): EffectiveTraining {
  const { learningRate, promptDropout } = trainedKinds[request.kind].defaults;
  return {
    ...request,
    learning_rate: request.learning_rate ?? learningRate,
    prompt_dropout: request.prompt_dropout ?? promptDropout,
    base: { ...base },
    vae: vae === null ? null : { ...vae },
    init: init === null ? null : { ...init },
    dry_run: dryRun,
    data: { upload_ids: sets.map(({ id }) => id) },
  };
}
