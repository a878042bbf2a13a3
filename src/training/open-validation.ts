import { join } from 'node:path';
import { conditionOf } from '../conditions/registry.ts';
import { isMeasured } from '../conditions/fidelity/fidelity.ts';
import type { TrainingPlan } from '../generation/kinds/training/plan.ts';
import type { BaseModel } from '../generation/models/base.ts';
import { pictureFrom } from '../pipeline/pixels.ts';
import { alphasCumprod } from '../schedulers/noise-schedule.ts';
import { type SchedulerId, schedulers } from '../schedulers/registry.ts';
import type { BaseCheckpoint } from '../weights/checkpoint.ts';
import { BestWeights } from './best-weights.ts';
import type { TrainingWatcher } from './contract/training-event.ts';
import type { ValidationFigures } from '../generation/validation-figures.ts';
import type { Extract } from './control-obedience.ts';
import { preparePair } from './data/prepare.ts';
import type { TrainingPair } from './data/set.ts';
import type { FrozenNetworks } from './frozen-networks.ts';
import type { LearntOptions, LearntSet } from './learnt-set.ts';
import { mapPicture } from './map-picture.ts';
import type { LookPlace, ValidationPort } from './look.ts';
import type { TrainingFolder } from './training-folder.ts';
import type { TrainingRandom } from './training-random.ts';
import { ValidationLog } from './validation-log.ts';
import { Validator } from './validator.ts';
import { writeCurves } from './write-curves.ts';

export interface ValidationParts {
  readonly plan: TrainingPlan;
  readonly folder: TrainingFolder;
  /** What is held out, as pairs and as it is learnt from. */
  readonly pairs: readonly TrainingPair[];
  readonly set: LearntSet;
  readonly encoded: LearntOptions;
  readonly frozen: FrozenNetworks;
  readonly base: BaseCheckpoint;
  readonly model: BaseModel;
  readonly random: TrainingRandom;
  readonly tools: { readonly extract: Extract };
  readonly watcher: TrainingWatcher;
}

/** A validation with what it found so far. */
export interface OpenValidation extends ValidationPort {
  readonly figures: readonly ValidationFigures[];
  /** Leaves out what belongs to later steps, which are done anew. */
  keep(upTo: number): Promise<void>;
}

/** Steps of a picture that only shows how far a training is. */
const mostSteps = 20;

/** Null where the plan has none. */
export async function openValidation(parts: ValidationParts): Promise<OpenValidation | null> {
  const { plan, folder, watcher } = parts;
  const { validation } = plan;
  if (validation === null) return null;
  const log = new ValidationLog(join(folder.path, 'validation.jsonl'));
  const best = new BestWeights(folder.work.best);
  const validator = await openValidator(parts);
  const isPlace = ({ step, steps }: LookPlace): boolean =>
    step === 0 || step === steps || step % validation.every === 0;
  return {
    get figures() {
      return log.figures;
    },
    keep: async (upTo) => await log.keep(upTo),
    isDue: (place) => isPlace(place) && !log.figures.some(({ step }) => step === place.step),
    async run({ step, steps }, predictor, weights) {
      const figures = await validator.validate(step, predictor, log.figures, watcher.signal);
      await best.offer(figures, weights);
      await log.add(figures);
      await writeCurves(folder, Math.max(1, steps), log.figures);
    },
    best: async (length) => await best.read(length),
  };
}

async function openValidator(parts: ValidationParts): Promise<Validator> {
  const { plan, folder, pairs, set, encoded, frozen, base, model, random, tools, watcher } = parts;
  const { condition } = plan.trained;
  const { schedule, defaults, prediction } = model;
  const row = condition === null ? null : conditionOf(condition);
  return new Validator({
    plan: plan.validation as NonNullable<TrainingPlan['validation']>,
    folder: join(folder.path, 'validation'),
    set,
    look: async (index) => {
      const pair = await preparePair(pairs[index] as TrainingPair, { ...encoded, flip: false });
      const dims = [1, 3, plan.resolution.height, plan.resolution.width];
      const map = pair.map === null ? null : mapPicture(pair.map, plan.resolution);
      return { picture: pictureFrom({ dims, data: pair.picture }), map };
    },
    drawing: {
      shapes: encoded.shapes,
      unet: base.unet.config,
      resolution: plan.resolution,
      usesMaps: condition !== null,
      cumulative: alphasCumprod(schedule.schedule, 'zero'),
      prediction: prediction.type,
      scalingFactor: frozen.scalingFactor,
      schedule,
      sampler: schedulers[defaults.scheduler as SchedulerId],
      steps: Math.min(mostSteps, defaults.steps),
      guidanceScale: defaults.guidanceScale,
      silence: await set.caption(''),
    },
    frozen,
    random,
    condition,
    isMeasured: row !== null && row.load !== undefined && isMeasured(row),
    extract: tools.extract,
    beginsSilent: true,
    tell: async (event) => await watcher.onEvent(event),
  });
}
