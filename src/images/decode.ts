import sharp, { type Sharp } from 'sharp';

import { ArmatureError } from '../errors.ts';
import type { PictureFormat } from './format.ts';
import {
  attempt,
  defaultPictureLimits,
  known,
  type PictureHeader,
  type PictureLimits,
  readHeader,
} from './picture-header.ts';
import { scaleTiff, UnscaledTiff, unusualTiff } from './tiff/scale.ts';
import type { AlphaImage } from '../pixels/alpha-image.ts';
import type { LevelMap } from '../pixels/level-map.ts';
import { lumaOf } from '../pixels/luma.ts';
import type { MaskedImage, RgbImage } from '../pixels/rgb-image.ts';

export interface DecodeOptions {
  /** What transparent pixels are laid over: white for photographs and drawings, black for maps. Default white. */
  readonly background?: 'white' | 'black';
  /** Path of the picture in the request, such as `controls[0].image`, for errors. */
  readonly field?: string;
}

/**
 * Decodes the first frame as 8-bit sRGB: EXIF orientation applied, embedded colour profiles, CMYK, 16-bit, grey and
 * palette converted, transparency laid over `background`. A picture that ends early or is damaged is refused.
 *
 * @throws ArmatureError `invalid_image`, `image_too_large`.
 */
export async function decodePicture(
  bytes: Uint8Array,
  limits: PictureLimits = defaultPictureLimits,
  options: DecodeOptions = {},
): Promise<RgbImage> {
  const { format } = await readHeader(bytes, limits, options);
  const picture = opaque(open(bytes, format, limits, options), options);
  const { data, info } = await attempt(format, options.field, () =>
    picture.raw().toBuffer({ resolveWithObject: true }),
  );
  return {
    width: info.width,
    height: info.height,
    data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

/**
 * Decodes as {@link decodePicture}, but takes transparency as a mask: a pixel of less than half opacity is masked, any other
 * has its colour as it is.
 *
 * @throws ArmatureError `invalid_image`, `image_too_large`.
 */
export async function decodeMasked(
  bytes: Uint8Array,
  limits: PictureLimits = defaultPictureLimits,
  options: Pick<DecodeOptions, 'field'> = {},
): Promise<MaskedImage> {
  const { format } = await readHeader(bytes, limits, options);
  const picture = open(bytes, format, limits, options).toColourspace('srgb').ensureAlpha();
  const { data, info } = await attempt(format, options.field, () =>
    picture.raw().toBuffer({ resolveWithObject: true }),
  );
  return splitAlpha(data, info);
}

/**
 * Decodes as {@link decodePicture}, with what is transparent as it is. A picture that is wholly opaque has three channels.
 *
 * @throws ArmatureError `invalid_image`, `image_too_large`.
 */
export async function decodeAlpha(
  bytes: Uint8Array,
  limits: PictureLimits = defaultPictureLimits,
  options: Pick<DecodeOptions, 'field'> = {},
): Promise<AlphaImage> {
  const { format } = await readHeader(bytes, limits, options);
  const picture = open(bytes, format, limits, options).toColourspace('srgb').ensureAlpha();
  const { data, info } = await attempt(format, options.field, () =>
    picture.raw().toBuffer({ resolveWithObject: true }),
  );
  const { width, height } = info;
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 3; at < pixels.length; at += 4)
    if (pixels[at] !== 255) return { width, height, channels: 4, data: pixels };
  return { width, height, channels: 3, data: coloursOf(pixels) };
}

function coloursOf(pixels: Uint8Array): Uint8Array {
  const colours = new Uint8Array((pixels.length / 4) * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4) {
    colours[to++] = pixels[from]!;
    colours[to++] = pixels[from + 1]!;
    colours[to++] = pixels[from + 2]!;
  }
  return colours;
}

/** What of a picture says where another one is drawn anew, a byte a pixel. */
export interface DecodedLevels extends LevelMap {
  /** Whether nothing in the picture is transparent. */
  readonly isOpaque: boolean;
}

/**
 * Decodes as {@link decodePicture}, but how bright each pixel is, whatever lies beneath what is transparent, or how opaque it is.
 *
 * @throws ArmatureError `invalid_image`, `image_too_large`.
 */
export async function decodeLevels(
  bytes: Uint8Array,
  channel: 'luminance' | 'alpha',
  limits: PictureLimits = defaultPictureLimits,
  options: Pick<DecodeOptions, 'field'> = {},
): Promise<DecodedLevels> {
  const { format } = await readHeader(bytes, limits, options);
  const picture = open(bytes, format, limits, options).toColourspace('srgb').ensureAlpha();
  const { data, info } = await attempt(format, options.field, () =>
    picture.raw().toBuffer({ resolveWithObject: true }),
  );
  const { width, height } = info;
  const alpha = new Uint8Array(width * height);
  const colours = new Uint8Array(width * height * 3);
  for (let i = 0, from = 0, to = 0; i < alpha.length; i++) {
    colours[to++] = data[from++]!;
    colours[to++] = data[from++]!;
    colours[to++] = data[from++]!;
    alpha[i] = data[from++]!;
  }
  const levels = channel === 'alpha' ? alpha : lumaOf({ width, height, data: colours }).values;
  return { width, height, levels, isOpaque: alpha.every((level) => level === 255) };
}

/** Of RGBA pixels. */
function splitAlpha(pixels: Uint8Array, { width, height }: { readonly width: number; readonly height: number }) {
  const data = new Uint8Array(width * height * 3);
  const masked = new Uint8Array(width * height);
  let transparent = false;
  for (let i = 0, from = 0, to = 0; i < masked.length; i++, from += 4) {
    data[to++] = pixels[from]!;
    data[to++] = pixels[from + 1]!;
    data[to++] = pixels[from + 2]!;
    if (pixels[from + 3]! >= 128) continue;
    masked[i] = 1;
    transparent = true;
  }
  return transparent ? { width, height, data, masked } : { width, height, data };
}

/**
 * Reads a picture to its end and keeps no pixels: what {@link decodePicture} would refuse is refused here, in little
 * memory.
 *
 * @throws ArmatureError `invalid_image`, `image_too_large`.
 */
export async function verifyPicture(
  bytes: Uint8Array,
  limits: PictureLimits = defaultPictureLimits,
  options: DecodeOptions = {},
): Promise<PictureHeader> {
  const header = await readHeader(bytes, limits, options);
  const picture = opaque(open(bytes, header.format, limits, options), options);
  await attempt(header.format, options.field, () => picture.resize(8, 8, { fit: 'fill' }).raw().toBuffer());
  return header;
}

function open(bytes: Uint8Array, format: PictureFormat, { maxPixels }: PictureLimits, { field }: DecodeOptions): Sharp {
  const unusual = format === 'tiff' ? unusualTiff(bytes) : null;
  if (unusual === null) {
    return sharp(known(bytes, format), { failOn: 'error', limitInputPixels: maxPixels }).autoOrient();
  }
  try {
    const { data, ...raw } = scaleTiff(bytes, unusual);
    return sharp(data, { raw, limitInputPixels: maxPixels });
  } catch (cause) {
    if (!(cause instanceof UnscaledTiff)) throw cause;
    const detail = `Expected a TIFF picture that can be brought to 8 bits, but ${cause.message}.`;
    throw new ArmatureError('invalid_image', detail, { cause, ...(field === undefined ? {} : { field }) });
  }
}

function opaque(picture: Sharp, { background = 'white' }: DecodeOptions): Sharp {
  return picture.flatten({ background }).toColourspace('srgb');
}
