import type { MaskedImage } from '../../pixels/rgb-image.ts';
import type { SerializedError } from '../../errors.ts';
import type { DecodeOptions, PictureHeader, PictureLimits } from '../decode.ts';

/**
 * What a process and its decoder children say to each other: messages of plain facts, each with bytes behind it. A child
 * answers every request with one message, in order.
 */
export interface DecoderRequest {
  /** What is wanted: facts alone, pixels, pixels with what is transparent as a mask, or how bright or opaque they are. */
  readonly want: 'header' | 'pixels' | 'masked' | 'luminance' | 'alpha';
  readonly limits: PictureLimits;
  readonly options: DecodeOptions;
}

/** The bytes behind an answer are the pixels, and behind those the mask where there is one. */
export type DecoderAnswer =
  | { readonly kind: 'header'; readonly header: PictureHeader }
  | { readonly kind: 'pixels'; readonly width: number; readonly height: number }
  | { readonly kind: 'levels'; readonly width: number; readonly height: number; readonly isOpaque: boolean }
  | { readonly kind: 'failed'; readonly error: SerializedError };

/** An image whose data, and mask if there is one, are the bytes of an answer. */
export function imageOf(width: number, height: number, bytes: Uint8Array): MaskedImage {
  const pixels = width * height * 3;
  // No Buffer, whose slice is another than that of the arrays that pixels are elsewhere.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const data = plain.subarray(0, pixels);
  return bytes.length === pixels ? { width, height, data } : { width, height, data, masked: plain.subarray(pixels) };
}
