import { ArmatureError } from '../errors.ts';
import type { Size } from '../numeric/size.ts';
import type { GivenMask, GivenPicture } from './given-picture.ts';
import { grownBy } from '../pixels/sides.ts';
import { limits } from './request/limits.ts';
import type { PlannedMask } from './planned-init.ts';
import type { GenerationRequest } from './request/generation.ts';

/** What is above a half is white where a mask is hard. */
const half = 128;

/** Whether only what is masked is drawn, at a size of its own. */
export function drawsMaskedPart({ inpaint }: GenerationRequest): boolean {
  return inpaint?.area === 'masked';
}

/**
 * Settles which part of a picture is drawn anew, of a generation of `size`; undefined where all of it is. Refuses masks of which one can
 * see that they do not say what was meant: of another size, transparent where brightness counts, or black all over.
 */
export function resolveMask(
  request: GenerationRequest,
  picture: GivenPicture,
  mask: GivenMask | null,
  { strength, size, extend }: { readonly strength: number; readonly size: Size } & Pick<PlannedMask, 'extend'>,
): PlannedMask | undefined {
  if (mask === null && extend === undefined) return undefined;
  const { mask_mode: mode = 'hard', mask_channel: channel = 'luminance', mask_blur: blur = 4, inpaint } = request;
  const area = inpaint?.area ?? 'whole';
  const isKnown = picture.pending !== true && mask?.pending !== true;
  if (mask !== null && isKnown) refuseOtherSize(mask, picture);
  if (mask !== null && mask.facts !== null) refuseUseless(mask.facts, mode, channel);
  const { width, height } = extend === undefined ? (area === 'masked' ? picture : size) : grownBy(extend.over, extend);
  if (area === 'masked') refuseLarge({ width, height }, request.output);
  return {
    ...(mask === null ? {} : { image: mask.stored }),
    ...(extend === undefined ? {} : { extend }),
    mode,
    channel,
    blur,
    area,
    padding: area === 'masked' ? (inpaint?.padding ?? 32) : 0,
    // At full strength drawing begins with noise alone where nothing else is asked for (diffusers); beyond a picture with its colours.
    fill: inpaint?.fill ?? (extend !== undefined ? 'blur' : strength === 1 ? null : 'original'),
    source: { width, height },
  };
}

/** Fields that say how a mask is read; the first one of a picture alone. */
const ownFields = ['mask_channel', 'mask_mode', 'mask_blur', 'inpaint'] as const;

/** Refuses fields that say how a part is drawn anew where no mask says which. */
export function refuseWithoutMask(request: GenerationRequest): void {
  const { inpaint } = request;
  if (request.mask_image === undefined) {
    // What is drawn beyond the sides of a picture has an edge too.
    const fields = request.extend === undefined ? ownFields : ownFields.slice(0, 1);
    const field = fields.find((name) => request[name] !== undefined);
    if (field !== undefined) {
      throw invalid(field, `Expected mask_image with ${field}: it says which part of init_image is drawn anew.`);
    }
  } else if (request.init_image === undefined) {
    throw invalid('mask_image', 'Expected init_image with mask_image: the mask says which part of it is drawn anew.');
  }
  if (inpaint?.padding !== undefined && inpaint.area !== 'masked') {
    throw invalid(
      'inpaint.padding',
      'Expected inpaint.area "masked" with inpaint.padding: where the whole picture is drawn there is nothing to pad.',
    );
  }
  if (request.init_resize !== undefined && inpaint?.area === 'masked') {
    throw invalid(
      'init_resize',
      'Expected no init_resize with inpaint.area "masked": the output has the size of init_image, and width and height are the size at which its part is drawn.',
    );
  }
}

function refuseOtherSize(mask: Size, picture: Size): void {
  if (mask.width === picture.width && mask.height === picture.height) return;
  throw invalid(
    'mask_image',
    `Expected mask_image to have the size of init_image, ${picture.width} x ${picture.height}, but it has ${mask.width} x ${mask.height}.`,
  );
}

function refuseUseless(
  { isOpaque, highest }: NonNullable<GivenMask['facts']>,
  mode: PlannedMask['mode'],
  channel: PlannedMask['channel'],
): void {
  if (channel === 'luminance' && !isOpaque) {
    throw invalid(
      'mask_image',
      'Expected mask_image to be opaque, white where the picture is drawn anew, but parts of it are transparent. Send it without transparency, or with mask_channel "alpha": then what is opaque is drawn anew.',
    );
  }
  if (highest >= (mode === 'hard' ? half : 1)) return;
  const what = channel === 'alpha' ? 'opaque' : 'white';
  const above = mode === 'hard' ? ', and nothing of it is above a half' : '';
  throw invalid(
    'mask_image',
    `Expected mask_image to be ${what} where the picture is drawn anew, but it says that nothing is${above}. Leave it out to draw over all of the picture.`,
  );
}

/** What the output, which has the size of the picture, cannot be. */
function refuseLarge({ width, height }: Size, { format }: Pick<GenerationRequest['output'], 'format'>): void {
  const side = limits.formatSide[format];
  if (Math.max(width, height) > side) {
    throw invalid(
      'init_image',
      `Expected init_image to have sides of at most ${side} pixels with inpaint.area "masked", whose output has its size, with what extend adds, and with output.format "${format}", ` +
        `which has no more, but that is ${width} x ${height}. Send it smaller, or ask for png.`,
    );
  }
  if (width * height <= limits.sourcePixels) return;
  throw invalid(
    'init_image',
    `Expected init_image to have at most ${limits.sourcePixels} pixels with inpaint.area "masked", whose output has its size, with what extend adds, but that is ${width} x ${height}.`,
  );
}

function invalid(field: string, detail: string): ArmatureError {
  return new ArmatureError('invalid_request', detail, { field });
}
