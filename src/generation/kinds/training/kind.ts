import type { JobKind } from '../../job-kind.ts';
import { trainingRequest } from '../../request/training.ts';
import { storedForm } from '../../stored-json.ts';
import { type EffectiveTraining, effectiveTraining, trainingView } from './effective.ts';
import type { TrainingJobPlan } from './job-plan.ts';

/** What older plans do not say. */
const absent = { init: null, dryRun: false };

/** A model from a set of pictures. It draws nothing: what it ends with are files. */
export const trainingKind: JobKind<TrainingJobPlan, EffectiveTraining> = {
  id: 'training',
  stored: storedForm('plan', {
    version: 1,
    // What was asked for before a field was there says nothing of it: it means its default.
    upgrade: (plan) => ({
      ...absent,
      ...plan,
      request: { ...trainingRequest.safeParse(plan.request).data, ...plan.request },
    }),
  }),
  setsPace: false,
  lane: 'long',
  effective: effectiveTraining,
  cost: ({ cost }) => cost,
  outputs: () => 0,
  outputSize: () => null,
  outputsAreMapsOf: () => null,
  controls: () => [],
  sources: () => [],
  networks: () => [],
  showsPreviews: () => false,
  view: trainingView,
};
