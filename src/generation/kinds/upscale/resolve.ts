import { ArmatureError } from '../../../errors.ts';
import type { Size } from '../../../numeric/size.ts';
import { defaultUpscaler } from '../../../pixels/upscalers/registry.ts';
import type { GivenPicture } from '../../given-picture.ts';
import { findUpscaler, type UpscalerList, type UpscalerModel, upscalerNoun } from '../../models/upscaler.ts';
import { limits } from '../../request/limits.ts';
import type { UpscaleRequest } from '../../request/upscale.ts';
import { resolveOutput } from '../../resolve-output.ts';
import type { Resolved } from '../../resolved.ts';
import { resolveUpscaler } from '../../upscaler.ts';
import { costOfRounds, refuseHugeRounds } from '../../network-rounds.ts';
import type { UpscalePlan } from './plan.ts';

const { field } = upscalerNoun;

/** Pixels of an output that cost as much as a pixel of one step of drawing. */
const pixelsAStep = 8;

/**
 * Settles what is left open of a picture that is to be larger: where one side is given the other follows its shape, by a scale both
 * are cut to whole pixels, and a network without either has its own. `invalid_request` for a size that is smaller than the picture or too
 * large; pure.
 */
export function resolveUpscale(
  request: UpscaleRequest,
  picture: GivenPicture,
  models: UpscalerList,
): Resolved<UpscalePlan> {
  const upscaler = resolveUpscaler(request.upscaler ?? defaultUpscaler, field, models);
  const network = upscaler.model === null ? null : findUpscaler(models, upscaler.id, field);
  const output = resolveOutput(request.output);
  const size = sizeOf(request, picture, network);
  const isKnown = picture.pending !== true;
  if (isKnown) refuseSize(request, picture, size);
  const cost = isKnown ? costOf(picture, size, network) : 0;
  return { plan: { kind: 'upscale', image: picture.stored, upscaler, ...size, cost, output }, warnings: [] };
}

function sizeOf({ scale: asked, width, height }: UpscaleRequest, picture: Size, network: UpscalerModel | null): Size {
  const isSized = width !== undefined || height !== undefined;
  const scale = asked ?? (isSized ? undefined : network?.scale);
  if ((scale !== undefined) === isSized) {
    const came = isSized ? 'scale and a size' : 'neither';
    const detail = `Expected either scale, or width or height or both, but received ${came}.`;
    throw new ArmatureError('invalid_request', detail, { field: 'scale' });
  }
  if (scale !== undefined) {
    return { width: Math.floor(picture.width * scale), height: Math.floor(picture.height * scale) };
  }
  return {
    width: width ?? Math.max(1, Math.round((height! * picture.width) / picture.height)),
    height: height ?? Math.max(1, Math.round((width! * picture.height) / picture.width)),
  };
}

function refuseSize({ scale, width, height }: UpscaleRequest, picture: Size, size: Size): void {
  const most = limits.upscaledSide.max;
  const isLarger = size.width >= picture.width && size.height >= picture.height;
  const fits = size.width <= most && size.height <= most && size.width * size.height <= limits.upscaledPixels;
  if (isLarger && fits) return;
  const given = Object.entries({ scale, width, height }).find(([, value]) => value !== undefined);
  const detail =
    `Expected a size of at least that of the picture, ${picture.width} x ${picture.height}, and of at most ${limits.upscaledPixels} pixels ` +
    `and ${most} on a side, but received ${size.width} x ${size.height}.`;
  throw new ArmatureError('invalid_request', detail, { field: given?.[0] ?? field });
}

/** In pixel steps. `invalid_request` where a network makes more pixels on the way than an output may have. */
function costOf(picture: Size, size: Size, network: UpscalerModel | null): number {
  const kernel = Math.ceil((size.width * size.height) / pixelsAStep);
  if (network === null) return kernel;
  refuseHugeRounds(network, picture, size, field);
  return kernel + costOfRounds(network.scale, picture, size);
}
