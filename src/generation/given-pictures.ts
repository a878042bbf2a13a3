import { type GivenControl, givenControls, referencesOf as referencesOfControls } from './given-control.ts';
import type { GivenMask, GivenPicture, MaskFacts } from './given-picture.ts';
import type { MaskChannel } from './request/choices.ts';
import type { StoredPicture } from './plan-references.ts';
import type { ControlImage } from './request/control-image.ts';
import { generationPictures } from './request/drawn-over.ts';
import type { GenerationRequest } from './request/generation.ts';

/** All pictures of a request, and what they turned out to be. */
export interface GivenPictures {
  /** In the order of the request. */
  readonly controls: readonly GivenControl[];
  /** What is drawn over; null where nothing is. */
  readonly init: GivenPicture | null;
  /** Which part of it is drawn anew; null where all of it is. */
  readonly mask: GivenMask | null;
}

type Pictures = Pick<GenerationRequest, 'controls' | 'init_image' | 'mask_image' | 'mask_channel'>;

/** How pictures are read; `field` is the path of a picture in the request. */
export interface PictureReading {
  readonly check: (reference: ControlImage, field: string) => Promise<GivenPicture>;
  /** What the levels of a picture that was checked say. */
  readonly look: (picture: StoredPicture, channel: MaskChannel, field: string) => Promise<MaskFacts>;
}

/** Reads the pictures of a request. */
export async function givenPictures(request: Pictures, { check, look }: PictureReading): Promise<GivenPictures> {
  const maskOf = async (reference: ControlImage): Promise<GivenMask> => {
    const picture = await check(reference, 'mask_image');
    if (picture.pending === true) return { ...picture, facts: null };
    return { ...picture, facts: await look(picture.stored, request.mask_channel ?? 'luminance', 'mask_image') };
  };
  const [controls, init, mask] = await Promise.all([
    givenControls(request.controls, check),
    request.init_image === undefined ? null : check(request.init_image, 'init_image'),
    request.mask_image === undefined ? null : maskOf(request.mask_image),
  ]);
  return { controls, init, mask };
}

/** The pictures that a request refers to. */
export function referencesOf(request: Pictures): readonly ControlImage[] {
  const own = generationPictures.flatMap((name) => request[name] ?? []);
  return [...referencesOfControls(request.controls), ...own];
}
