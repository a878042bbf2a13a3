import type { BaseModel } from '../../models/base.ts';
import type { VaeModel } from '../../models/vae.ts';
import type { ModelReference } from '../../plan-references.ts';
import type { TrainingRequest } from '../../request/training.ts';
import type { TrainingJobPlan, TrainingSetReference } from './job-plan.ts';
import { resolveTrained } from './resolve.ts';
import { wrongField } from './trained/trained-kind.ts';

/** What is known of a training when it is asked for. */
export interface TrainingJobGiven {
  readonly base: BaseModel;
  /** Stands in for the base model's own autoencoder; null where that is drawn with. */
  readonly vae: VaeModel | null;
  /** The model that it begins as; null for a new one. */
  readonly init: ModelReference | null;
  readonly sets: readonly TrainingSetReference[];
  /** What no other model's id ends with. */
  readonly suffix: string;
  readonly seed: number;
  readonly dryRun: boolean;
}

/** Characters of the name of a result. */
const longestName = 64;

/** What a step costs of what its rows would cost to draw a step of: the way there, and back twice. */
const costOfStep = 3;

/** Steps that are charged at first where nobody knows how many they will be, as those of epochs of a set that is not read yet. */
const unknownSteps = 1000;

/** What is left open of a training before its set is read. Refuses what cannot be trained: `not_supported_yet`, `invalid_request`. */
export function resolveTrainingJob(
  request: TrainingRequest,
  { base, vae, init, sets, suffix, seed, dryRun }: TrainingJobGiven,
): TrainingJobPlan {
  const { steps, warmup, resolution } = request;
  const called = request.name ?? `${request.condition ?? base.id}-${request.kind}`;
  const name = withSuffix(called, suffix);
  resolveTrained(request, base, name);
  if (steps !== undefined && warmup > steps)
    throw wrongField('warmup', `Expected a warmup within the ${steps} steps but received ${warmup}.`);
  const [width = base.defaults.width, height = base.defaults.height] = resolution ?? [];
  requireSide('width', width, base);
  requireSide('height', height, base);
  return {
    kind: 'training',
    request: { ...request, base: base.id, seed: request.seed ?? seed, name },
    base: { id: base.id, hash: base.hash },
    vae: vae === null ? null : { id: vae.id, hash: vae.hash },
    init: init === null ? null : { id: init.id, hash: init.hash },
    sets,
    dryRun,
    cost: trainingCost(request, base, dryRun ? dryRunSteps : (steps ?? unknownSteps)),
  };
}

function withSuffix(called: string, suffix: string): string {
  return `${called.slice(0, longestName - suffix.length - 1)}-${suffix}`;
}

/** What a result was called before its suffix was put behind it. */
export function nameBefore(name: string): string {
  return name.slice(0, name.lastIndexOf('-'));
}

/** Steps that a dry run is charged: it measures about as many. */
const dryRunSteps = 8;

/** What so many steps cost, in pixel steps. */
export function trainingCost(request: TrainingRequest, base: BaseModel, steps: number): number {
  const { batch, accumulation, timesteps_per_map: timesteps, resolution } = request;
  const [width = base.defaults.width, height = base.defaults.height] = resolution ?? [];
  return steps * batch * accumulation * timesteps * width * height * costOfStep;
}

/** What the UNet makes of it is asked once that is opened; this much every one asks. */
function requireSide(side: string, pixels: number, { id, latentScale }: BaseModel): void {
  if (pixels % latentScale === 0) return;
  const detail = `Expected a ${side} in multiples of ${latentScale} pixels for ${id} but received ${pixels}.`;
  throw wrongField('resolution', detail);
}
