import type { MaskChannel } from '../../generation/request/choices.ts';
import { type MaskFacts, maskFacts } from '../../generation/given-picture.ts';
import type { MaskedImage, RgbImage } from '../../pixels/rgb-image.ts';
import { beginCanvas, type Canvas, type CanvasPlan, pasteOnto } from '../canvas.ts';
import { decodeLevels, type DecodeOptions, verifyPicture } from '../decode.ts';
import type { PictureHeader, PictureLimits } from '../picture-header.ts';
import { readWholePicture, type WholePicture } from '../read-whole.ts';
import { type PictureFiles, type PictureView, seePicture } from '../see-picture.ts';

/** For whom a picture is decoded. */
export interface DecodeFor extends DecodeOptions {
  readonly limits?: PictureLimits | undefined;
  /** Whose share of the decoder it takes. */
  readonly tenant?: string | undefined;
}

/** All that is done with picture files of strangers whose cost grows with their pixels. Errors are those of {@link verifyPicture}. */
export interface PictureDecoder {
  /** Reads a picture to its end. */
  verify(bytes: Uint8Array, options?: DecodeFor): Promise<PictureHeader>;
  /** What the levels of a mask say. */
  factsOfMask(bytes: Uint8Array, channel: MaskChannel, options?: DecodeFor): Promise<MaskFacts>;
  /** A picture as it is looked at: {@link seePicture}. */
  see(files: PictureFiles, view: PictureView): Promise<MaskedImage>;
  /** A picture as it is, with all that is kept of it where it is made anew: {@link readWholePicture}. */
  whole(bytes: Uint8Array, options: { readonly opaque: boolean }): Promise<WholePicture>;
  /** What is drawn over: {@link beginCanvas}. */
  begin(files: PictureFiles, plan: CanvasPlan): Promise<Canvas>;
  /** What was drawn, put into the picture that it was drawn over: {@link pasteOnto}. */
  paste(files: PictureFiles, plan: CanvasPlan, drawn: RgbImage): Promise<RgbImage>;
}

/** Does it in this very process: for a command line, whose pictures are its user's own, and for a decoder child. */
export const decodeHere: PictureDecoder = {
  verify: async (bytes, { limits, ...options } = {}) => await verifyPicture(bytes, limits, options),
  factsOfMask: async (bytes, channel, { limits, ...options } = {}) => {
    const { levels, isOpaque } = await decodeLevels(bytes, channel, limits, options);
    return maskFacts(levels, isOpaque);
  },
  see: seePicture,
  whole: readWholePicture,
  begin: beginCanvas,
  paste: pasteOnto,
};
