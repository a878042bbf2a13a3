import { ArmatureError } from '../../../errors.ts';
import type { Size } from '../../../numeric/size.ts';
import type { BaseModel } from '../../models/base.ts';
import type { ModelList } from '../../models/model-list.ts';
import type { AnyFoundModel } from '../../models/model.ts';
import type { VaeModel } from '../../models/vae.ts';
import type { ModelReference } from '../../plan-references.ts';
import { baseField, fromBase, type TrainingRequest } from '../../request/training.ts';
import type { TrainingPlan } from './plan.ts';
import { type Trained, trainedKinds } from './trained/trained.ts';
import { wrongField } from './trained/trained-kind.ts';

/** The base model of a training, as far as sizes depend on it. */
interface TrainedBeside {
  readonly base: BaseModel;
  /** Halvings of the latents on the UNet's way down. */
  readonly halvings: number;
}

/** What is known of a training beside its request. */
export interface TrainingGiven extends TrainedBeside {
  /** Stands in for the base model's own autoencoder; null where that is drawn with. */
  readonly vae: VaeModel | null;
  /** The model that it begins as; null for a new one. */
  readonly init: ModelReference | null;
  readonly trained: Trained;
  /** What the result is called where the request does not say it. */
  readonly name: string;
  readonly seed: number;
  /** Pairs of an epoch. */
  readonly pairs: number;
  /** Pairs that are not among them, as `heldOutOf` says. */
  readonly heldOut: number;
}

/** Pixels at which pictures are learnt from. `invalid_request` where the UNet cannot halve them as often as it does. */
export function trainedSize(
  { resolution }: Pick<TrainingRequest, 'resolution'>,
  { base, halvings }: TrainedBeside,
): Size {
  const [width = base.defaults.width, height = base.defaults.height] = resolution ?? [];
  const cell = base.latentScale * 2 ** halvings;
  if (width % cell === 0 && height % cell === 0) return { width, height };
  const detail = `Expected a resolution in multiples of ${cell} pixels for ${base.id} but received ${width}x${height}.`;
  throw new ArmatureError('invalid_request', detail, { field: 'resolution' });
}

/** What is trained, as far as that can be; `name` is what the result is called where the request does not say it. `not_supported_yet`, `invalid_request`. */
export function resolveTrained(request: TrainingRequest, base: BaseModel, name: string): Trained {
  refuseBase(base);
  requireOneLength(request);
  refuseMapFields(request);
  return trainedKinds[request.kind].resolve(request, base, request.name ?? name);
}

/** The model that a training begins as; null for a new one. `unknown_model`, `invalid_request`. */
export function findInit(models: ModelList, request: TrainingRequest, base: BaseModel): AnyFoundModel | null {
  if (request.init === fromBase) return null;
  return trainedKinds[request.kind].findInit(models, request.init, request, base);
}

/** The plan of a training. Throws as above. */
export function resolveTraining(request: TrainingRequest, given: TrainingGiven): TrainingPlan {
  const { base, vae, init, trained, pairs, heldOut } = given;
  const {
    batch,
    accumulation,
    minutes = null,
    learning_rate: rate = trainedKinds[request.kind].defaults.learningRate,
  } = request;
  const { defaults } = trainedKinds[request.kind];
  const steps = stepsOf(request, pairs);
  if (steps !== 0 && request.warmup > steps)
    throw wrongField('warmup', `Expected a warmup within the ${steps} steps but received ${request.warmup}.`);
  return {
    version: 1,
    name: request.name ?? given.name,
    base: { id: base.id, hash: base.hash },
    vae: vae === null ? null : { id: vae.id, hash: vae.hash },
    init: init === null ? null : { id: init.id, hash: init.hash },
    trained,
    resolution: trainedSize(request, given),
    steps,
    minutes,
    batch,
    accumulation,
    learningRate: rate === 'auto' ? 0 : rate,
    findsRate: rate === 'auto',
    schedule: request.schedule,
    warmup: request.warmup,
    ema: request.ema,
    minSnrGamma: request.min_snr_gamma,
    flip: request.flip,
    mapJitter: request.map_jitter,
    timestepsPerMap: request.timesteps_per_map,
    promptDropout: request.prompt_dropout ?? defaults.promptDropout,
    seed: request.seed ?? given.seed,
    trigger: request.trigger_word,
    heldOut,
    keep: request.keep,
    validation: request.validation,
  };
}

/** What only maps have. */
function refuseMapFields(request: TrainingRequest): void {
  if (trainedKinds[request.kind].seesMaps) return;
  const { map_jitter: jitter, timesteps_per_map: timesteps } = request;
  if (jitter !== 0) throw wrongField('map_jitter', 'Expected no map_jitter for a LoRA: it sees no maps.');
  if (timesteps !== 1)
    throw wrongField('timesteps_per_map', 'Expected no timesteps_per_map for a LoRA, which sees no maps: use batch.');
}

/** Held-out pairs where it is not told how many: a tenth, within these. */
const usuallyHeldOut = { least: 2, most: 64, share: 0.1 };

/** How many of so many pairs are not learnt from. `invalid_request` where nothing is left. */
export function heldOutOf({ kind, validation, validation_split: share }: TrainingRequest, pairs: number): number {
  const { least, most, share: usual } = usuallyHeldOut;
  if (share === undefined && validation === null) return 0;
  const count =
    share === undefined ? Math.min(most, Math.max(least, Math.round(usual * pairs))) : Math.round(share * pairs);
  if (count >= pairs) {
    const detail = `Expected more than the ${count} pairs that are held out but the set has ${pairs}: use more pairs, or train without validation.`;
    throw wrongField('validation_split', detail);
  }
  if (count < least && validation !== null && trainedKinds[kind].seesMaps) {
    const detail = `Expected a validation_split that holds ${least} pairs out at least, whose maps are compared, but ${share} of ${pairs} are ${count}.`;
    throw wrongField('validation_split', detail);
  }
  return count;
}

function requireOneLength({ steps, epochs, minutes }: TrainingRequest): void {
  const told = Object.entries({ steps, epochs, minutes }).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
  if (told.length === 1) return;
  const came = told.length === 0 ? 'none of them' : told.join(' and ');
  throw wrongField('steps', `Expected one of steps, epochs and minutes but received ${came}.`);
}

/** 0 where they are to be measured. */
function stepsOf({ steps, epochs, minutes, batch, accumulation }: TrainingRequest, pairs: number): number {
  if (minutes !== undefined) return 0;
  return steps ?? Math.max(1, Math.ceil(((epochs as number) * pairs) / (batch * accumulation)));
}

function refuseBase({ id, task, embedsGuidance, added, distilled, prediction }: BaseModel): void {
  const reason =
    task !== 'drawing'
      ? `is made for ${task}`
      : embedsGuidance === true
        ? 'takes its guidance as an input'
        : added?.refines === true
          ? 'is a refiner'
          : distilled !== null
            ? `was distilled to draw in few steps (${distilled.as})`
            : null;
  if (reason === null && !(prediction.zeroSnr && prediction.type === 'epsilon')) return;
  const detail = `The base model ${id} ${reason ?? 'ends in noise without any signal, which says nothing where noise is predicted'}: nothing is trained on such models. Choose the model that it was made from.`;
  throw new ArmatureError('not_supported_yet', detail, { field: baseField });
}
