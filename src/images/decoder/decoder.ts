import {
  type DecodedLevels,
  decodeLevels,
  decodeMasked,
  type DecodeOptions,
  decodePicture,
  type PictureHeader,
  type PictureLimits,
  verifyPicture,
} from '../decode.ts';
import type { MaskedImage, RgbImage } from '../../pixels/rgb-image.ts';

/** For whom a picture is decoded. */
export interface DecodeFor extends DecodeOptions {
  readonly limits?: PictureLimits | undefined;
  /** Whose share of the decoder it takes. */
  readonly tenant?: string | undefined;
}

/** Decodes picture files of strangers: see verifyPicture, decodePicture, decodeMasked and decodeLevels, whose errors these have. */
export interface PictureDecoder {
  verify(bytes: Uint8Array, options?: DecodeFor): Promise<PictureHeader>;
  decode(bytes: Uint8Array, options?: DecodeFor): Promise<RgbImage>;
  decodeMasked(bytes: Uint8Array, options?: DecodeFor): Promise<MaskedImage>;
  decodeLevels(bytes: Uint8Array, channel: 'luminance' | 'alpha', options?: DecodeFor): Promise<DecodedLevels>;
}

/** Decodes in this very process: for a command line, whose pictures are its user's own. */
export const decodeHere: PictureDecoder = {
  verify: async (bytes, { limits, ...options } = {}) => await verifyPicture(bytes, limits, options),
  decode: async (bytes, { limits, ...options } = {}) => await decodePicture(bytes, limits, options),
  decodeMasked: async (bytes, { limits, ...options } = {}) => await decodeMasked(bytes, limits, options),
  decodeLevels: async (bytes, channel, { limits, ...options } = {}) =>
    await decodeLevels(bytes, channel, limits, options),
};
