import { ArmatureError } from '../../../errors.ts';
import type { Size } from '../../../numeric/size.ts';
import { defaultUpscaler } from '../../../pixels/upscalers/registry.ts';
import type { GivenPicture } from '../../given-picture.ts';
import { limits } from '../../request/limits.ts';
import type { UpscaleRequest } from '../../request/upscale.ts';
import { resolveOutput } from '../../resolve-output.ts';
import type { Resolved } from '../../resolved.ts';
import { resolveUpscaler } from '../../upscaler.ts';
import type { UpscalePlan } from './plan.ts';

/**
 * Settles what is left open of a picture that is to be larger: where one side is given the other follows its shape, by a scale both
 * are cut to whole pixels. `invalid_request` for a size that is smaller than the picture or too large; pure.
 */
export function resolveUpscale(request: UpscaleRequest, picture: GivenPicture): Resolved<UpscalePlan> {
  const upscaler = resolveUpscaler(request.upscaler ?? defaultUpscaler, 'upscaler');
  const output = resolveOutput(request.output);
  const size = sizeOf(request, picture);
  if (picture.pending !== true) refuseSize(request, picture, size);
  return { plan: { kind: 'upscale', image: picture.stored, upscaler, ...size, output }, warnings: [] };
}

function sizeOf({ scale, width, height }: UpscaleRequest, picture: Size): Size {
  const isSized = width !== undefined || height !== undefined;
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

function refuseSize({ scale, width }: UpscaleRequest, picture: Size, size: Size): void {
  const most = limits.upscaledSide.max;
  const isLarger = size.width >= picture.width && size.height >= picture.height;
  const fits = size.width <= most && size.height <= most && size.width * size.height <= limits.upscaledPixels;
  if (isLarger && fits) return;
  const sized = width === undefined ? 'height' : 'width';
  const detail =
    `Expected a size of at least that of the picture, ${picture.width} x ${picture.height}, and of at most ${limits.upscaledPixels} pixels ` +
    `and ${most} on a side, but received ${size.width} x ${size.height}.`;
  throw new ArmatureError('invalid_request', detail, { field: scale === undefined ? sized : 'scale' });
}
