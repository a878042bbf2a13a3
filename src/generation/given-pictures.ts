import { type GivenControl, givenControls, referencesOf as referencesOfControls } from './given-control.ts';
import type { GivenPicture } from './given-picture.ts';
import { type ControlImage, generationPictures, type GenerationRequest } from './request.ts';

/** All pictures of a request, and what they turned out to be. */
export interface GivenPictures {
  /** In the order of the request. */
  readonly controls: readonly GivenControl[];
  /** What is drawn over; null where nothing is. */
  readonly init: GivenPicture | null;
}

/** Each by `check`; `field` is the path of a picture in the request. */
export async function givenPictures(
  request: Pick<GenerationRequest, 'controls' | 'init_image'>,
  check: (reference: ControlImage, field: string) => Promise<GivenPicture>,
): Promise<GivenPictures> {
  const [controls, init] = await Promise.all([
    givenControls(request.controls, check),
    request.init_image === undefined ? null : check(request.init_image, 'init_image'),
  ]);
  return { controls, init };
}

/** The pictures that a request refers to. */
export function referencesOf(request: Pick<GenerationRequest, 'controls' | 'init_image'>): readonly ControlImage[] {
  const own = generationPictures.flatMap((name) => request[name] ?? []);
  return [...referencesOfControls(request.controls), ...own];
}
