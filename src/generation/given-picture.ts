import { ArmatureError } from '../errors.ts';
import { limits } from './request/limits.ts';
import type { StoredPicture } from './plan-references.ts';
import type { Size } from '../numeric/size.ts';

/** What the image of a request turned out to be, once it was read. */
export interface GivenPicture {
  /** Where it lies: a picture, or JSON where `structure` is set. */
  readonly stored: StoredPicture;
  /** Pixels; 0 of structure as data. */
  readonly width: number;
  readonly height: number;
  /** What kind of JSON it is; null for a picture. */
  readonly structure: string | null;
  /** A picture of the same size beside it, white where it is to be drawn anew. Absent where none came. */
  readonly mask?: StoredPicture | undefined;
  /** Of a map that an earlier job made or used. */
  readonly map: GivenMap | null;
  /** It has not been fetched yet: nothing of the rest is known. */
  readonly pending?: true;
}

/** A picture that says which part of another one is drawn anew. */
export interface GivenMask extends GivenPicture {
  /** What its levels say; null until it is fetched. */
  readonly facts: MaskFacts | null;
}

export interface MaskFacts {
  readonly isOpaque: boolean;
  /** The highest of its levels, 0 .. 255. */
  readonly highest: number;
}

/** What the levels of a mask say. */
export function maskFacts(levels: Uint8Array, isOpaque: boolean): MaskFacts {
  return { isOpaque, highest: levels.reduce((most, level) => Math.max(most, level), 0) };
}

export interface GivenMap {
  readonly condition: string;
  /** What is known of it, as JSON. */
  readonly data: StoredPicture | null;
  /** Options that it was extracted with; null where that is not known. */
  readonly options: Readonly<Record<string, unknown>> | null;
}

/** The picture with a mask beside it. `invalid_request` at `field` where their sizes differ. */
export function withMask(picture: GivenPicture, mask: GivenPicture, field: string): GivenPicture {
  if (mask.width === picture.width && mask.height === picture.height) return { ...picture, mask: mask.stored };
  const detail =
    `Expected ${field} to have the size of its picture, ${picture.width} x ${picture.height}, ` +
    `but it has ${mask.width} x ${mask.height}.`;
  throw new ArmatureError('invalid_request', detail, { field });
}

/**
 * The size whose short side is `resolution` and whose sides have the ratio of `size`. `invalid_request` at `field` where
 * that is more than an extractor is given.
 */
export function shortSideSize({ width, height }: Size, resolution: number, field: string): Size {
  const factor = resolution / Math.min(width, height);
  const size = { width: Math.round(width * factor), height: Math.round(height * factor) };
  if (size.width * size.height <= limits.extractionPixels) return size;
  const detail =
    `Expected ${field} to make a picture of at most ${limits.extractionPixels} pixels, ` +
    `but ${resolution} makes ${size.width} x ${size.height} of ${width} x ${height}.`;
  throw new ArmatureError('invalid_request', detail, { field });
}
