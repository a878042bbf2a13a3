import { ArmatureError } from '../errors.ts';
import type { BaseModel } from './models/base.ts';
import { type SchedulerId, schedulerIds } from '../schedulers/registry.ts';
import type { Catalog } from './catalog.ts';
import { guidanceWindow } from './guided-steps.ts';
import { type UsualSampling, usualSampling, usualSchedule } from './few-steps.ts';
import { findBase, guidanceOf } from './models/base.ts';
import { limits } from './request/limits.ts';
import type { GenerationPlan } from './plan.ts';
import { resolveAdded } from './resolve-added.ts';
import type { Resolved } from './resolved.ts';
import type { GivenMask, GivenPicture } from './given-picture.ts';
import { partOf, passesOf } from './passes.ts';
import { checkPrompts } from './prompts.ts';
import { drawsMaskedPart, refuseWithoutMask } from './resolve-mask.ts';
import { latentInterpolation } from './upscalers/latent-upscaler.ts';
import { refuseWithoutInit, requireEncoder, resolveInit, sizeOver } from './resolve-init.ts';
import type { Size } from '../numeric/size.ts';
import type { GivenControl } from './given-control.ts';
import type { GenerationRequest } from './request/generation.ts';
import { resolveAutoencoder } from './resolve-autoencoder.ts';
import { resolveControl } from './resolve-control.ts';
import { refuseApartOnUnion } from './on-one-union.ts';
import { resolveEvaluation } from './resolve-evaluation.ts';
import { lorasOfPrompt } from './loras-of-prompt.ts';
import { resolveEmbeddings } from './resolve-embeddings.ts';
import { resolveHires } from './resolve-hires.ts';
import { resolveLoras } from './resolve-loras.ts';
import { imageGuidance, refuseComposed, refuseEditingAfter, refuseOtherTasks } from './resolve-task.ts';
import { chooseRefiner, plannedRefiner, runsWith } from './resolve-refiner.ts';
import { resolveOutput } from './resolve-output.ts';
import { refuseExtend, resolveExtend } from './resolve-extend.ts';
import { resolveTiling } from './resolve-tiling.ts';
import { deepCacheOf } from './resolve-deep-cache.ts';
import { tokenMergingOf } from './resolve-token-merging.ts';
import { warningsOf } from './warnings.ts';

export interface GenerationContext {
  readonly catalog: Catalog;
  /** Base model of a request that names none. */
  readonly defaultModel: string;
  /** The controls of the request, in their order, with their pictures. */
  readonly given: readonly GivenControl[];
  /** The picture that is drawn over; null or absent where there is none. */
  readonly init?: GivenPicture | null;
  /** Which part of it is drawn anew; null or absent where all of it is. */
  readonly mask?: GivenMask | null;
  /** A whole number from 0 to 2^32 - 1, asked for only where the request gives no seed. */
  readonly randomSeed: () => number;
  /** Whether outputs carry the parameters text where the request does not say. */
  readonly embedParameters: boolean;
}

/**
 * Settles everything a request leaves open and refuses what cannot be drawn: unknown models and conditions, ControlNets
 * that are missing or do not fit, options and sizes out of range. Pure: the same arguments give the same plan.
 */
export function resolveGeneration(request: GenerationRequest, context: GenerationContext): Resolved<GenerationPlan> {
  const { catalog } = context;
  const base = findBase(catalog.models, request.model ?? context.defaultModel, 'model');
  const inPrompt = lorasOfPrompt(request.prompt, request.prompt_syntax, catalog.models);
  const asked = [...request.loras, ...inPrompt];
  const usual = usualSampling(base, asked, catalog.models);
  const scheduler = request.scheduler ?? usualScheduler(base, usual);
  const steps = request.steps ?? usual.steps;
  refuseOtherTasks(request, base);
  refuseWithoutInit(request);
  refuseExtend(request);
  refuseWithoutMask(request);
  // Where only a part of a picture is drawn, the size is that at which it is.
  const over = context.init ?? null;
  const extended = resolveExtend(request, base, over);
  const size = extended?.canvas ?? resolveSize(request, base, drawsMaskedPart(request) ? null : over);
  const isGuess = isGuessed(request, over);
  const autoencoder = resolveAutoencoder(request, base, catalog.models);
  const otherStandsIn = autoencoder.vae !== undefined;
  if (request.init_image !== undefined) requireEncoder(base, otherStandsIn, 'init_image');
  const drawn = { scheduler, steps, ...size, extend: extended?.extend };
  const init = resolveInit(request, base, over, context.mask ?? null, drawn);
  const schedule = usualSchedule(request, usual, scheduler);
  const sampling = { scheduler, schedule, sChurn: request.s_churn, eta: request.eta };
  const added = resolveAdded(request, base, catalog.models);
  const refiner = chooseRefiner(request, base, added, catalog);
  const low = runsWith(refiner, 'low', { base, part: partOf({ steps, init }), ...sampling });
  const hires = resolveHires(request, { base, size, isGuess, steps, added, ...sampling }, refiner, catalog);
  // Between its passes a picture is made, made larger and read again.
  if (hires !== null && latentInterpolation(hires.planned.upscaler.id) === null) {
    requireEncoder(hires.base, otherStandsIn, 'hires.upscaler');
  }
  const resolved = context.given.map((given) => resolveControl(given, { base, catalog, size, isGuess, hires }));
  const controls = resolved.map(({ control }) => control);
  refuseEditingAfter(hires?.base ?? null);
  refuseApartOnUnion(controls, catalog.models);
  const loras = resolveLoras(asked, base, catalog.models, hires?.base ?? base);
  const tiled = [
    { base, size, made: size, field: null },
    ...(hires === null
      ? []
      : [{ base: hires.base, size: hires.planned, made: hires.planned.enlarged, field: 'hires' }]),
    ...(refiner?.stages ?? []).map((stage) => {
      const refined = stage === 'low' ? size : (hires?.planned ?? size);
      return { base: refiner!.model, size: refined, made: refined, field: stage === 'low' ? null : 'hires' };
    }),
  ];
  const tiling = resolveTiling(request, isGuess ? [] : tiled);
  const written: GenerationPlan = {
    kind: 'generation',
    model: { id: base.id, hash: base.hash },
    prompt: request.prompt,
    negativePrompt: request.negative_prompt ?? '',
    promptSyntax: request.prompt_syntax,
    ...(added === undefined ? {} : { added }),
    ...size,
    steps,
    guidanceScale: request.guidance_scale ?? usual.guidanceScale,
    guidanceRescale: request.guidance_rescale,
    ...guidanceOf(base),
    ...guidanceWindow(request),
    ...imageGuidance(request, base),
    ...sampling,
    run: low.own,
    sdeNoise: 'path',
    seed: request.seed ?? context.randomSeed(),
    count: request.count,
    clipSkip: resolveClipSkip(request.clip_skip, [base, hires?.base ?? base]),
    ...(tiling === undefined ? {} : { tiling }),
    ...tokenMergingOf(request),
    ...deepCacheOf(request, {
      bases: [base, ...(hires === null ? [] : [hires.base]), ...(refiner === null ? [] : [refiner.model])],
      loras: loras.planned,
      known: catalog.models.loras,
    }),
    ...(init === undefined ? {} : { init }),
    ...(hires === null ? {} : { hires: hires.planned }),
    ...(refiner === null
      ? {}
      : { refiner: plannedRefiner(refiner, { low: low.refined, high: hires?.refined ?? null }) }),
    ...(request.variation === undefined
      ? {}
      : { variation: { ...request.variation, seed: request.variation.seed ?? context.randomSeed() } }),
    ...autoencoder,
    ...(request.preview === undefined ? {} : { preview: request.preview }),
    controls,
    ...(loras.planned.length === 0 ? {} : { loras: loras.planned }),
    strict: request.strict,
    ...resolveEvaluation(request, controls, catalog.condition),
    output: { ...resolveOutput(request.output), metadata: request.output.metadata ?? context.embedParameters },
  };
  const passes = passesOf(written);
  refuseComposed(passes);
  checkPrompts(passes);
  const embeddings = resolveEmbeddings(written, catalog.models);
  const plan = embeddings.length === 0 ? written : { ...written, embeddings };
  const remarks = [...resolved.flatMap(({ warnings }) => warnings), ...loras.warnings];
  return { plan, warnings: [...remarks, ...warningsOf(plan, catalog.models)] };
}

/** `over` is the picture that is drawn over; until it is fetched its size is taken for the model's. */
function resolveSize(request: GenerationRequest, base: BaseModel, over: GivenPicture | null): Size {
  const known = over === null || over.pending === true ? base.defaults : over;
  const { width, height } = over === null ? { ...base.defaults, ...given(request) } : sizeOver(request, known, base);
  if (width * height > limits.pixels && !isGuessed(request, over)) {
    const detail = `Expected width x height to be at most ${limits.pixels} pixels but received ${width} x ${height}.`;
    throw new ArmatureError('invalid_request', detail, { field: 'width' });
  }
  const cell = base.latentScale;
  for (const [field, side] of Object.entries({ width, height })) {
    if (side % cell === 0) continue;
    const detail = `Expected ${field} to be a multiple of ${cell} with the model ${base.id} but received ${side}.`;
    throw new ArmatureError('invalid_request', detail, { field });
  }
  return { width, height };
}

/** Whether a size follows the picture that is drawn over, and that is not fetched yet. */
function isGuessed(request: GenerationRequest, over: GivenPicture | null): boolean {
  const isSized = request.width !== undefined && request.height !== undefined;
  return over?.pending === true && !isSized && !drawsMaskedPart(request);
}

/** The sides that a request gives. */
function given({ width, height }: GenerationRequest): Partial<Size> {
  return { ...(width === undefined ? {} : { width }), ...(height === undefined ? {} : { height }) };
}

/** Of the models of all passes. */
function resolveClipSkip(clipSkip: number, bases: readonly BaseModel[]): number {
  const base = bases.find(({ textLayers }) => clipSkip >= textLayers);
  if (base === undefined) return clipSkip;
  const most = base.textLayers - 1;
  const detail =
    `Expected clip_skip to be at most ${most} with the model ${base.id}, whose text encoder has ${base.textLayers} layers, ` +
    `but received ${clipSkip}.`;
  throw new ArmatureError('invalid_request', detail, { field: 'clip_skip' });
}

function usualScheduler(base: BaseModel, { scheduler }: UsualSampling): SchedulerId {
  const found = schedulerIds.find((id) => id === scheduler);
  if (found !== undefined) return found;
  const detail = `The model ${base.id} asks for the scheduler ${scheduler}, which is not built. Name one.`;
  throw new ArmatureError('model_invalid', detail, { field: 'scheduler', choices: schedulerIds });
}
