import { ArmatureError } from '../errors.ts';
import { roundHalfToEven } from '../numeric/round-half-to-even.ts';
import { askedOptions } from '../schedulers/asked-options.ts';
import type { SchedulePart } from '../schedulers/part.ts';
import { createScheduler } from '../schedulers/create-scheduler.ts';
import type { Catalog } from './catalog.ts';
import { type BaseModel, findBase, guidanceOf, sharesLatents } from './models/base.ts';
import type { PlannedPass } from './passes.ts';
import type { GenerationPlan, PlannedAdded, PlannedRefiner, SamplerRun } from './plan.ts';
import type { GenerationRequest } from './request/generation.ts';
import { requireSampler } from './require-sampler.ts';
import { toldOf } from './resolve-added.ts';

/** A run that a refiner may draw the end of. */
export interface RefinedRun extends Pick<GenerationPlan, 'scheduler' | 'schedule' | 'sChurn' | 'eta'> {
  readonly base: BaseModel;
  readonly part: SchedulePart;
}

/** A refiner, and where it takes over. */
export interface ChosenRefiner extends Pick<PlannedRefiner, 'switchAt' | 'below'> {
  readonly model: BaseModel;
  readonly added: PlannedAdded | undefined;
  /** In which passes it draws. */
  readonly stages: readonly PlannedPass['stage'][];
}

/**
 * The refiner of a request; null where it names none. Without a word on it, it draws the end of the last pass. Refuses scores that nobody is
 * told, and a refiner where nothing of another model is drawn before it.
 */
export function chooseRefiner(
  request: GenerationRequest,
  base: BaseModel,
  added: PlannedAdded | undefined,
  { models }: Pick<Catalog, 'models'>,
): ChosenRefiner | null {
  const { refiner } = request;
  const refiners = models.bases.filter((one) => one.added?.refines === true).map(({ id }) => id);
  const score = (['aesthetic_score', 'negative_aesthetic_score'] as const).find((name) => request[name] !== undefined);
  const here = refiners.length === 0 ? 'none is here' : `here ${refiners.join(', ')}`;
  if (base.added?.refines === true) refuseRefinerAlone(request, base, models.bases);
  else if (refiner === undefined && score !== undefined && !refiners.includes(request.hires?.model ?? '')) {
    throw invalid(score, `Expected a refiner with ${score}, which only such a model is told: ${here}.`, refiners);
  }
  if (refiner === undefined) return null;
  const model = findBase(models, refiner.model, 'refiner.model');
  if (model.added?.refines !== true) {
    throw invalid('refiner.model', `The model ${model.id} is no refiner of SDXL: ${here}.`, refiners);
  }
  if (request.mask_image !== undefined || request.extend !== undefined) {
    const detail =
      'Expected no mask_image and no extend with refiner: it would draw all of the picture. Draw over the result with a mask.';
    throw invalid('refiner', detail);
  }
  const { passes = request.hires === undefined ? 'low' : 'high' } = refiner;
  if (request.hires === undefined && passes === 'high') {
    throw invalid(
      'refiner.passes',
      'Expected hires with refiner.passes "high": without it there is the first pass alone.',
    );
  }
  const stages = (['low', 'high'] as const).filter((stage) => {
    return passes === stage || (passes === 'both' && (stage === 'low' || request.hires !== undefined));
  });
  const { trainTimesteps } = base.schedule.schedule;
  const below = roundHalfToEven(trainTimesteps - refiner.switch_at * trainTimesteps);
  return { model, switchAt: refiner.switch_at, below, stages, added: addedOf(request, model, added) };
}

/** What a refiner is told: the prompts and sizes of the base model, and scores. */
function addedOf(
  request: GenerationRequest,
  { added: taken }: BaseModel,
  base: PlannedAdded | undefined,
): PlannedAdded | undefined {
  if (base === undefined || taken === null) return base;
  const zeroNegative = request.negative_prompt === null && taken.zeroNegative;
  return { ...base, zeroNegative, ...toldOf(request, taken, base.sizes) };
}

/** The refiner of a plan, with what it draws of each stage. */
export function plannedRefiner(
  { model, added, switchAt, below }: ChosenRefiner,
  { low, high }: Readonly<Record<PlannedPass['stage'], SamplerRun | null>>,
): PlannedRefiner {
  const runs = { ...(low === null ? {} : { low }), ...(high === null ? {} : { high }) };
  const { id, hash } = model;
  return {
    model: { id, hash },
    ...guidanceOf(model),
    ...(added === undefined ? {} : { added }),
    switchAt,
    below,
    runs,
  };
}

/** What the model of a run draws of it, and what a refiner does. `within`: what stands before the sampler's fields in the request. */
export function runsWith(
  refiner: ChosenRefiner | null,
  stage: PlannedPass['stage'],
  run: RefinedRun,
  within = '',
): { readonly own: SamplerRun; readonly refined: SamplerRun | null } {
  const { base, part, ...sampling } = run;
  const own = (cut: SchedulePart): SamplerRun => requireSampler(base, { ...sampling, ...cut }, within);
  if (refiner === null || !refiner.stages.includes(stage)) return { own: own(part), refined: null };
  own(part);
  const refined = refinedRun(refiner, run);
  return { own: own({ ...part, downTo: refiner.below }), refined };
}

/**
 * What a refiner draws of a run, whose beginning another model draws. Refuses a switch that leaves one of the two nothing, and models whose steps
 * lie elsewhere.
 */
function refinedRun(refiner: ChosenRefiner, { base, part, ...sampling }: RefinedRun): SamplerRun {
  const { model, below } = refiner;
  if (!sharesLatents(model, base)) {
    const detail = `The refiner ${model.id} has other latents than the model ${base.id}: name models of one kind.`;
    throw invalid('refiner.model', detail);
  }
  const first = (one: BaseModel): readonly number[] => {
    const { schedule, samplerDefaults } = one.schedule;
    const { steps, ...cut } = part;
    const given = { ...samplerDefaults, ...askedOptions(sampling) };
    return createScheduler(sampling.scheduler, schedule, steps, given, cut).evaluations.map(({ timestep }) => timestep);
  };
  const [own, others] = [first(model), first(base)];
  if (own.some((timestep, index) => Math.abs(timestep - (others[index] ?? Number.NaN)) > 0.5)) {
    const detail =
      `The models ${base.id} and ${model.id} space their steps differently, so that the noise that one leaves is not what the other expects. ` +
      'Name a schedule, such as sgm_uniform, which both then have.';
    throw invalid('refiner.model', detail);
  }
  const drawn = others.filter((timestep) => timestep >= below).length;
  if (drawn === 0 || drawn === others.length) {
    const [none, all] = drawn === 0 ? [base.id, model.id] : [model.id, base.id];
    const detail =
      `Expected refiner.switch_at to leave steps to both models but ${none} would draw none of the ${others.length} evaluations and ${all} all of them: ` +
      `they begin at the timesteps ${Math.round(others[0] ?? 0)} to ${Math.round(others.at(-1) ?? 0)}, and the refiner draws those below ${below}.`;
    throw invalid('refiner.switch_at', detail);
  }
  return requireSampler(model, { ...sampling, ...part, below });
}

/** Refuses what a refiner that is the model of a request cannot do. */
function refuseRefinerAlone(request: GenerationRequest, { id }: BaseModel, bases: readonly BaseModel[]): void {
  const choices = bases.filter(({ added }) => added?.refines === false).map((one) => one.id);
  if (request.init_image === undefined) {
    const detail =
      `The model ${id} is a refiner, which draws over a picture: send init_image, or draw with a base model and name it as refiner.model. ` +
      `Base models of SDXL here: ${choices.length === 0 ? 'none' : choices.join(', ')}.`;
    throw invalid('model', detail, choices);
  }
  if (request.target_size !== undefined || request.negative_target_size !== undefined) {
    const detail = `The model ${id} is a refiner, which is told a score and no target size: leave target_size out.`;
    throw invalid('target_size', detail, choices);
  }
  if (request.refiner === undefined) return;
  const detail = `The model ${id} is a refiner itself: leave refiner out, or draw with a base model: ${choices.join(', ')}.`;
  throw invalid('refiner', detail, choices);
}

function invalid(field: string, detail: string, choices: readonly string[] = []): ArmatureError {
  return new ArmatureError('invalid_request', detail, { field, choices });
}
