import { ArmatureError } from '../errors.ts';
import type { Size } from '../numeric/size.ts';
import { stepsRun } from '../schedulers/create-scheduler.ts';
import type { GivenMask, GivenPicture } from './given-picture.ts';
import { limits } from './request/limits.ts';
import type { BaseModel } from './models/base.ts';
import type { GenerationPlan } from './plan.ts';
import type { PlannedInit, PlannedMask } from './planned-init.ts';
import type { GenerationRequest } from './request/generation.ts';
import { resolveMask } from './resolve-mask.ts';

/** Of a request that says nothing of it. */
const defaultStrength = 0.75;

/**
 * Settles what a request draws over; undefined where it begins with noise alone. `invalid_request` for fields that belong to a picture
 * where there is none, and for a strength that leaves nothing to draw.
 */
export function resolveInit(
  request: GenerationRequest,
  { task }: BaseModel,
  picture: GivenPicture | null,
  mask: GivenMask | null,
  {
    scheduler,
    steps,
    extend,
    ...size
  }: Pick<GenerationPlan, 'scheduler' | 'steps' | 'width' | 'height'> & Pick<PlannedMask, 'extend'>,
): PlannedInit | undefined {
  if (picture === null) return undefined;
  // A picture that is edited stands beside all steps, and of what lies beyond a picture there is nothing to be left.
  const { strength = task === 'editing' || extend !== undefined ? 1 : defaultStrength } = request;
  if (stepsRun(scheduler, { steps, strength }) === 0) {
    const least = Math.ceil(10_000 / steps) / 10_000;
    const detail =
      `Expected strength to be at least ${least} with ${steps} steps, of which the last strength x steps are drawn, ` +
      `but received ${strength}, which leaves none.`;
    throw new ArmatureError('invalid_request', detail, { field: 'strength' });
  }
  const part = resolveMask(request, picture, mask, { strength, size, extend });
  const over = { image: picture.stored, resize: request.init_resize ?? 'crop', strength };
  return part === undefined ? over : { ...over, mask: part };
}

/**
 * Refuses pictures that go into latents, as `field` of a request has it, with a model that cannot read them: `model_invalid`, unless another
 * autoencoder stands in.
 */
export function requireEncoder(
  { id, drawsOver }: BaseModel,
  otherStandsIn: boolean,
  field: 'init_image' | 'hires.upscaler',
): void {
  if (drawsOver !== false || otherStandsIn) return;
  const detail = `Expected a model that reads pictures with ${field}, but the autoencoder of ${id} has no encoder. Name another model, or an autoencoder that fits it.`;
  throw new ArmatureError('model_invalid', detail, { field });
}

/** Refuses fields that say how a picture is drawn over where there is none. */
export function refuseWithoutInit(request: GenerationRequest): void {
  if (request.init_image !== undefined) return;
  const field = (['strength', 'init_resize'] as const).find((name) => request[name] !== undefined);
  if (field === undefined) return;
  const detail = `Expected init_image with ${field}: it says how a picture is drawn over.`;
  throw new ArmatureError('invalid_request', detail, { field });
}

/**
 * The size of what is drawn over a picture, where the request leaves a side open: the picture's own, in multiples of 8, its shape kept,
 * and made smaller where it has more pixels than the model's own size; with one side given the other follows the picture's shape.
 */
export function sizeOver(
  { width, height }: Pick<GenerationRequest, 'width' | 'height'>,
  picture: Size,
  { defaults }: BaseModel,
): Size {
  if (width !== undefined && height !== undefined) return { width, height };
  if (width !== undefined) return { width, height: side((width * picture.height) / picture.width) };
  if (height !== undefined) return { width: side((height * picture.width) / picture.height), height };
  const factor = Math.min(1, Math.sqrt((defaults.width * defaults.height) / (picture.width * picture.height)));
  return { width: side(picture.width * factor), height: side(picture.height * factor) };
}

function side(length: number): number {
  const { min, max, step } = limits.width;
  return Math.min(Math.max(Math.floor(length / step) * step, min), max);
}
