import sharp, { type Metadata } from 'sharp';

import { ArmatureError } from '../errors.ts';
import { describeBytes, type PictureFormat, pictureFormats, sniffFormat } from './format.ts';
import { unusualTiff, uprightSize } from './tiff/scale.ts';

export interface PictureLimits {
  readonly maxBytes: number;
  /** Width x height of the encoded picture, checked before anything is decoded. */
  readonly maxPixels: number;
}

export const defaultPictureLimits: PictureLimits = { maxBytes: 64 * 2 ** 20, maxPixels: 64_000_000 };

export interface PictureHeader {
  readonly format: PictureFormat;
  readonly mediaType: string;
  /** Pixels, after the EXIF orientation. */
  readonly width: number;
  readonly height: number;
}

// Decoders of these six formats only: no SVG, no PDF, nothing that opens files by name. The cache would keep pictures of
// strangers in memory for no gain.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Png', 'Jpeg', 'Webp', 'Nsgif', 'Heif', 'Tiff'].map((name) => `VipsForeignLoad${name}Buffer`),
});
sharp.cache(false);

/**
 * Format and size from the header, without decoding.
 *
 * @throws ArmatureError `invalid_image`, `image_too_large`.
 */
export async function readHeader(
  bytes: Uint8Array,
  limits: PictureLimits = defaultPictureLimits,
  { field }: { readonly field?: string } = {},
): Promise<PictureHeader> {
  const place = field === undefined ? {} : { field };
  if (bytes.byteLength > limits.maxBytes) {
    throw new ArmatureError(
      'image_too_large',
      `Expected a picture of at most ${limits.maxBytes} bytes but received ${bytes.byteLength}.`,
      place,
    );
  }
  const format = sniffFormat(bytes);
  if (format === undefined) {
    throw new ArmatureError(
      'invalid_image',
      `Expected a picture (PNG, JPEG, WebP, GIF, AVIF or TIFF) but received ${describeBytes(bytes)}.`,
      place,
    );
  }
  const { width, height } = await sizeOf(bytes, format, field);
  if (width * height > limits.maxPixels) {
    throw new ArmatureError(
      'image_too_large',
      `Expected a picture of at most ${limits.maxPixels} pixels but received ${width}x${height}; send it smaller.`,
      place,
    );
  }
  return { format, mediaType: pictureFormats[format], width, height };
}

/** What sharp finds in the header. @throws ArmatureError `invalid_image`. */
export function readMetadata(bytes: Uint8Array, format: PictureFormat, field?: string): Promise<Metadata> {
  return attempt(format, field, () => sharp(known(bytes, format), { limitInputPixels: false }).metadata());
}

/** Upright, from the header alone. */
async function sizeOf(
  bytes: Uint8Array,
  format: PictureFormat,
  field: string | undefined,
): Promise<{ readonly width: number; readonly height: number }> {
  const unusual = format === 'tiff' ? unusualTiff(bytes) : null;
  return unusual === null ? (await readMetadata(bytes, format, field)).autoOrient : uprightSize(unusual);
}

/** An AVIF sequence under the name of a still picture, which its first frame is in it as well: libvips does not know the other name. */
export function known(bytes: Uint8Array, format: PictureFormat): Uint8Array {
  if (format !== 'avif' || Buffer.from(bytes.subarray(8, 12)).toString('latin1') !== 'avis') return bytes;
  const still = Uint8Array.from(bytes);
  still.set(Buffer.from('avif', 'latin1'), 8);
  return still;
}

/** What sharp makes of it. @throws ArmatureError `invalid_image` where it fails. */
export async function attempt<T>(format: PictureFormat, field: string | undefined, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new ArmatureError(
      'invalid_image',
      `Expected a whole ${format.toUpperCase()} picture but it is damaged or cut short (${reason.slice(0, 200)}).`,
      { cause, ...(field === undefined ? {} : { field }) },
    );
  }
}
