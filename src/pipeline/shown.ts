import type { Role } from '../generation/row-roles.ts';
import { type EncodedPicture, latentsOf } from './drawn-over.ts';

/** What a network is shown beside the latents, in channels of its own: all samples of a pass share it. */
export type Shown = MaskedPicture | EditedPicture;

/** Of networks that were trained to draw a part of a picture anew: which part, and the picture without it. */
export interface MaskedPicture {
  readonly kind: 'masked';
  /** h x w values, 0 or 1: 1 where it is drawn anew. */
  readonly mask: Float32Array;
  /** Grey where it is drawn anew. */
  readonly picture: EncodedPicture;
}

/** Of networks that were trained to change a picture by words (instruct-pix2pix, Brooks et al. 2023): its latents, C x h x w. */
export interface EditedPicture {
  readonly kind: 'edited';
  readonly latents: Float32Array;
}

/**
 * What a network is shown of a sample, as planes: the mask and then a draw of the masked picture's latents, or the latents of the picture that is
 * edited. A new array, or that of `shown`.
 */
export function shownPlanes(shown: Shown, draw: () => Float32Array): Float32Array {
  if (shown.kind === 'edited') return shown.latents;
  const latents = latentsOf(shown.picture, draw());
  const planes = new Float32Array(shown.mask.length + latents.length);
  planes.set(shown.mask);
  planes.set(latents, shown.mask.length);
  return planes;
}

/** What a row of this role is shown of the planes of its sample: what a picture is to stay away from has none of one that is edited. */
export function shownTo(role: Role, shown: Shown, planes: Float32Array): Float32Array {
  return shown.kind === 'edited' && role === 'negative' ? new Float32Array(planes.length) : planes;
}
