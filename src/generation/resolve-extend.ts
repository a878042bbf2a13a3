import { ArmatureError } from '../errors.ts';
import type { Size } from '../numeric/size.ts';
import { grownBy, type Sides } from '../pixels/sides.ts';
import type { GivenPicture } from './given-picture.ts';
import type { BaseModel } from './models/base.ts';
import type { PlannedExtend } from './planned-init.ts';
import type { GenerationRequest } from './request/generation.ts';
import { limits } from './request/limits.ts';
import { sizeOver } from './resolve-init.ts';

/** A picture whose sides are drawn on. */
export interface ResolvedExtend {
  readonly extend: PlannedExtend;
  /** Of what is drawn; null where only the part around what is new is, at a size of its own. */
  readonly canvas: Size | null;
}

/**
 * Settles what is drawn beyond the sides of a picture; null where nothing is. The picture is brought to the size of the request; without one it
 * keeps its own, unless that is more than the model draws. What is drawn is rounded up to whole cells. `invalid_request` for a canvas that is
 * too large or too small, with sides that would fit.
 */
export function resolveExtend(
  request: GenerationRequest,
  base: BaseModel,
  picture: GivenPicture | null,
): ResolvedExtend | null {
  const { extend, inpaint } = request;
  if (extend === undefined || picture === null) return null;
  const known = picture.pending === true ? base.defaults : picture;
  if (inpaint?.area === 'masked') return { extend: { ...extend, over: sizeOf(known) }, canvas: null };
  const over = overOf(request, known, base);
  const canvas = canvasOf(over, extend, base);
  if (picture.pending !== true && !fits(canvas)) refuseCanvas(over, extend, base);
  return { extend: { ...extend, over }, canvas };
}

/** The size that a picture is brought to before its sides are added. */
function overOf(request: GenerationRequest, picture: Size, base: BaseModel): Size {
  const isSized = request.width !== undefined || request.height !== undefined;
  const isSmall = picture.width * picture.height <= base.defaults.width * base.defaults.height;
  return !isSized && isSmall ? sizeOf(picture) : sizeOver(request, picture, base);
}

function sizeOf({ width, height }: Size): Size {
  return { width, height };
}

function canvasOf(over: Size, sides: Sides, { latentScale }: BaseModel): Size {
  const cell = Math.max(limits.width.step, latentScale);
  const { width, height } = grownBy(over, sides);
  return { width: Math.ceil(width / cell) * cell, height: Math.ceil(height / cell) * cell };
}

function fits({ width, height }: Size): boolean {
  const { min, max } = limits.width;
  return Math.max(width, height) <= max && Math.min(width, height) >= min && width * height <= limits.pixels;
}

function refuseCanvas(over: Size, sides: Sides, base: BaseModel): never {
  const { min, max } = limits.width;
  const { width, height } = canvasOf(over, sides, base);
  const shares = Array.from({ length: 100 }, (_, i) => scaled(sides, (99 - i) / 100));
  const fitting = shares.find((one) => Object.values(one).some((side) => side > 0) && fits(canvasOf(over, one, base)));
  const instead =
    fitting === undefined
      ? 'Say width and height, the size that init_image is brought to before.'
      : `${Object.entries(fitting)
          .flatMap(([side, pixels]) => (pixels > 0 ? [`${side} ${pixels}`] : []))
          .join(', ')} would fit, or a smaller width and height, which init_image is brought to before.`;
  const detail =
    `Expected init_image, at ${over.width} x ${over.height}, to have at most ${limits.pixels} pixels and sides of ${min} to ${max} once it is extended, ` +
    `but it would have ${width} x ${height}. ${instead}`;
  throw new ArmatureError('invalid_request', detail, { field: 'extend' });
}

function scaled({ left, top, right, bottom }: Sides, by: number): Sides {
  const side = (pixels: number): number => Math.floor(pixels * by);
  return { left: side(left), top: side(top), right: side(right), bottom: side(bottom) };
}

/** Refuses to draw on where no picture is, where nothing is added, and beside what would not leave the picture as it is. */
export function refuseExtend({ extend, init_image: init, tiling }: GenerationRequest): void {
  if (extend === undefined) return;
  if (init === undefined) throw invalid('Expected init_image with extend: it says how far beyond its sides is drawn.');
  if (Object.values(extend).every((side) => side === 0)) {
    throw invalid('Expected at least one side of extend to be above 0: left, top, right or bottom, in pixels.');
  }
  if (tiling !== false) {
    throw invalid(
      'Expected no extend with tiling: the edges of the picture that is kept do not meet. Draw it on first, and then over the result with tiling.',
    );
  }
}

function invalid(detail: string): ArmatureError {
  return new ArmatureError('invalid_request', detail, { field: 'extend' });
}
