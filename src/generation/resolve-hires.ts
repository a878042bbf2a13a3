import { ArmatureError } from '../errors.ts';
import type { Size } from '../numeric/size.ts';
import { takeLoraTags } from '../prompt/lora-tags.ts';
import { type SchedulerId, schedulers } from '../schedulers/registry.ts';
import { stepsOfSchedule } from '../schedulers/part.ts';
import type { Catalog } from './catalog.ts';
import { latentInterpolation, latentUpscalerIds } from './upscalers/latent-upscaler.ts';
import { type BaseModel, findBase, guidanceOf, sharesLatents } from './models/base.ts';
import { findUpscaler, type UpscalerList } from './models/upscaler.ts';
import { partOfHires } from './passes.ts';
import type { GenerationPlan, PlannedAdded, PlannedHires, PlannedUpscaler, SamplerRun } from './plan.ts';
import type { GenerationRequest } from './request/generation.ts';
import { limits } from './request/limits.ts';
import { toldOf } from './resolve-added.ts';
import { type ChosenRefiner, runsWith } from './resolve-refiner.ts';
import { resolveUpscaler } from './upscaler.ts';
import { refuseHugeRounds } from './network-rounds.ts';

type HiresRequest = NonNullable<GenerationRequest['hires']>;

/** The first pass, as far as the second one follows it. */
export interface FirstPass extends Pick<GenerationPlan, 'scheduler' | 'schedule' | 'sChurn' | 'eta' | 'steps'> {
  readonly base: BaseModel;
  readonly size: Size;
  /** Whether that is a guess, until the picture that it follows is fetched: nothing is refused by it yet. */
  readonly isGuess: boolean;
  readonly added: PlannedAdded | undefined;
}

/** A hires pass and the model that draws it. */
export interface ResolvedHires {
  readonly base: BaseModel;
  readonly planned: PlannedHires;
  /** What of its run a refiner draws. */
  readonly refined: SamplerRun | null;
}

/** Settles the second pass of a request; null where it has none. */
export function resolveHires(
  request: GenerationRequest,
  first: FirstPass,
  refiner: ChosenRefiner | null,
  { models }: Pick<Catalog, 'models'>,
): ResolvedHires | null {
  const { hires } = request;
  if (hires === undefined) return null;
  refuseWithMask(request);
  refuseLoraTags(hires, request);
  const base = hires.model === undefined ? first.base : findBase(models, hires.model, 'hires.model');
  for (const model of [first.base, base]) refuseOtherTask(model, models.bases);
  const upscaler = resolveHiresUpscaler(hires.upscaler, models);
  if (latentInterpolation(upscaler.id) !== null) refuseOtherLatents(base, first.base, models.bases);
  const steps = hires.steps ?? first.steps;
  const part = partOfHires({ steps, strength: hires.strength });
  refuseLongSchedule(steps, hires.strength);
  const sampling = samplingOf(hires, first);
  const { own: run, refined } = runsWith(refiner, 'high', { base, part, ...sampling }, 'hires.');
  const { size, enlarged } = sizesOf(hires, first.size, base, first.isGuess ? asItIs : within);
  if (upscaler.model !== null && !first.isGuess) {
    refuseHugeRounds(findUpscaler(models, upscaler.id, upscalerField), first.size, enlarged, upscalerField);
  }
  const added = addedOf(request, hires, first, base);
  return {
    base,
    refined,
    planned: {
      model: { id: base.id, hash: base.hash },
      ...guidanceOf(base),
      ...size,
      enlarged,
      upscaler,
      steps,
      strength: hires.strength,
      ...sampling,
      run,
      prompt: hires.prompt ?? null,
      negativePrompt: hires.negative_prompt ?? null,
      ...(added === undefined ? {} : { added }),
    },
  };
}

/** What a sampler of its own does not take of what was asked of the first one is its own affair. */
function samplingOf(
  { scheduler: asked, schedule }: HiresRequest,
  first: FirstPass,
): Pick<PlannedHires, 'scheduler' | 'schedule' | 'sChurn' | 'eta'> {
  const scheduler: SchedulerId = asked ?? first.scheduler;
  const isSame = scheduler === first.scheduler;
  return {
    scheduler,
    schedule: schedule === undefined && isSame ? first.schedule : (schedule ?? null),
    sChurn: isSame || schedulers[scheduler].takesChurn ? first.sChurn : 0,
    eta: isSame || schedulers[scheduler].eta !== null ? first.eta : null,
  };
}

/** What a model of SDXL is told in the second pass: a prompt of its own has none beside it for the second text encoder. */
function addedOf(
  request: GenerationRequest,
  hires: HiresRequest,
  { added }: FirstPass,
  base: BaseModel,
): PlannedAdded | undefined {
  if (base.added === null) return undefined;
  const whole = { original: null, crop: [0, 0], target: null } as const;
  const own = { negative: hires.negative_prompt !== undefined, prompt: hires.prompt !== undefined };
  return {
    prompt2: own.prompt ? null : (added?.prompt2 ?? null),
    negativePrompt2: own.negative ? null : (added?.negativePrompt2 ?? null),
    zeroNegative: !own.negative && added?.zeroNegative === true && base.added.zeroNegative,
    ...toldOf(request, base.added, added?.sizes ?? { prompt: whole, negative: whole }),
  };
}

/**
 * The size of the second pass, and the one that what was drawn is brought to, which covers it (A1111): both sides times the scale, or one
 * that is given and the other in proportion, or both. Multiples of what a latent is of pixels, cut down to these.
 */
function sizesOf(
  { scale, width, height }: HiresRequest,
  low: Size,
  { latentScale: cell, id }: BaseModel,
  checked: (size: Size, field: string) => Size,
): { readonly size: Size; readonly enlarged: Size } {
  if (scale !== undefined && (width ?? height) !== undefined) {
    throw invalid('hires.scale', 'Expected hires.scale or hires.width and hires.height, but received both.');
  }
  for (const [name, side] of Object.entries({ width, height })) {
    if (side === undefined || side % cell === 0) continue;
    const detail = `Expected hires.${name} to be a multiple of ${cell} with the model ${id} but received ${side}.`;
    throw invalid(`hires.${name}`, detail);
  }
  const cut = (side: number): number => Math.floor(side / cell) * cell;
  const wide = (across: number): Size => ({ width: across, height: cut((across * low.height) / low.width) });
  const high = (down: number): Size => ({ width: cut((down * low.width) / low.height), height: down });
  const field = width === undefined ? (height === undefined ? 'hires.scale' : 'hires.height') : 'hires.width';
  if (width !== undefined && height !== undefined) {
    const enlarged = low.width * height < width * low.height ? wide(width) : high(height);
    return { size: checked({ width, height }, field), enlarged };
  }
  const by = scale ?? defaultScale;
  const size =
    width === undefined
      ? height === undefined
        ? { width: cut(Math.trunc(low.width * by)), height: cut(Math.trunc(low.height * by)) }
        : high(height)
      : wide(width);
  return { size: checked(size, field), enlarged: size };
}

const defaultScale = 2;

function asItIs(size: Size): Size {
  return size;
}

function within(size: Size, field: string): Size {
  const { width, height } = size;
  const most = limits.width.max;
  if (width * height > limits.pixels || Math.max(width, height) > most) {
    const detail = `Expected the hires pass to draw at most ${limits.pixels} pixels and sides of at most ${most} but it would draw ${width} x ${height}.`;
    throw invalid(field, detail);
  }
  if (Math.min(width, height) < limits.width.min) {
    const detail = `Expected the hires pass to draw sides of at least ${limits.width.min} but it would draw ${width} x ${height}.`;
    throw invalid(field, detail);
  }
  return size;
}

const upscalerField = 'hires.upscaler';

function resolveHiresUpscaler(id: string, models: UpscalerList): PlannedUpscaler {
  if (latentInterpolation(id) !== null) return { id, model: null };
  try {
    const upscaler = resolveUpscaler(id, upscalerField, models);
    if (upscaler.model === null) return upscaler;
    return { ...upscaler, scale: findUpscaler(models, id, upscalerField).scale };
  } catch (error) {
    // A network that is there, and cannot be used, is told as it is.
    if (!(error instanceof ArmatureError) || error.code !== 'unknown_model') throw error;
    const choices = [...latentUpscalerIds, ...(error.choices ?? [])];
    const detail = `There is no upscaler ${JSON.stringify(id.slice(0, 100))}. The choices are ${choices.join(', ')}.`;
    throw new ArmatureError(error.code, detail, { field: upscalerField, choices, cause: error });
  }
}

/** Steps of a schedule of which no more than its end is drawn. */
const mostOfSchedule = 1000;

function refuseLongSchedule(steps: number, strength: number): void {
  const least = Math.ceil((steps / mostOfSchedule) * 10_000) / 10_000;
  if (strength > 0 && stepsOfSchedule(partOfHires({ steps, strength })) <= mostOfSchedule) return;
  const detail =
    `Expected hires.strength to be at least ${least} with ${steps} steps, which are the last of a schedule of steps / strength, ` +
    `but received ${strength}.`;
  throw invalid('hires.strength', detail);
}

/** Latents mean something to the models alone that share them. */
function refuseOtherLatents(base: BaseModel, first: BaseModel, bases: readonly BaseModel[]): void {
  if (sharesLatents(base, first)) return;
  const choices = bases.filter((other) => other.task === 'drawing' && sharesLatents(other, first)).map(({ id }) => id);
  const detail =
    `The models ${first.id} and ${base.id} have latents of their own, so that those of one mean nothing to the other. ` +
    `Name an upscaler of pixels as hires.upscaler, such as lanczos, or a model of the same latents: ${choices.join(', ')}.`;
  throw new ArmatureError('invalid_request', detail, { field: 'hires.model', choices });
}

/** A network that is shown a picture is shown one of the first size. */
function refuseOtherTask({ id, task }: BaseModel, bases: readonly BaseModel[]): void {
  if (task === 'drawing') return;
  const choices = bases.filter((other) => other.task === 'drawing').map((other) => other.id);
  const what = task === 'editing' ? 'changes a picture by words' : 'was trained for inpainting';
  const detail = `The model ${id} ${what} and draws no second pass. Models that do: ${choices.join(', ')}.`;
  throw new ArmatureError('invalid_request', detail, { field: 'hires', choices });
}

function refuseWithMask({ mask_image: mask, extend }: GenerationRequest): void {
  if (mask === undefined && extend === undefined) return;
  const detail =
    'Expected no mask_image and no extend with hires: a second pass would draw all of the picture anew. ' +
    'inpaint.area "masked" draws what is masked at a larger size.';
  throw invalid('hires', detail);
}

function refuseLoraTags({ prompt }: HiresRequest, { prompt_syntax: syntax }: GenerationRequest): void {
  if (prompt === undefined || syntax === 'plain' || takeLoraTags(prompt).text === prompt) return;
  const detail =
    'Expected no <lora:...> in hires.prompt: LoRAs act in both passes, so name them in prompt or in loras.';
  throw invalid('hires.prompt', detail);
}

function invalid(field: string, detail: string): ArmatureError {
  return new ArmatureError('invalid_request', detail, { field });
}
