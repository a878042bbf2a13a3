import sharp, { type Sharp } from 'sharp';

import type { AlphaImage } from '../pixels/alpha-image.ts';
import type { MaskedImage } from '../pixels/rgb-image.ts';
import type { OutputFormat } from '../generation/request/choices.ts';
import { exifComment } from './exif-comment.ts';
import { insertJpegMetadata, insertWebpMetadata, type MetadataBlocks } from './metadata-container.ts';
import { insertPngText } from './png-text.ts';
import { type XmpProperties, xmpPacket } from './xmp.ts';

export interface EncodeOptions {
  readonly format: OutputFormat;
  /** 1..100 for jpeg and webp; png has no loss and no quality. */
  readonly quality: number;
  /**
   * Text that travels inside the file, by keyword. PNG takes any keyword of 1..79 Latin-1 characters; JPEG and WebP have
   * one place, the EXIF user comment, which holds `parameters`. These are the places that AUTOMATIC1111 uses.
   */
  readonly text?: Readonly<Record<string, string>>;
  /** Properties of the file's XMP packet; without them it has none. */
  readonly xmp?: XmpProperties;
}

/** Where a PNG keeps its XMP packet, as an uncompressed iTXt chunk (XMP specification, part 3, 1.1.5). */
const pngXmpKeyword = 'XML:com.adobe.xmp';

/**
 * A picture file, without any metadata but `text` and `xmp`. What is masked becomes transparent.
 *
 * @throws RangeError for a keyword that the format has no place for, or for more than it can hold, and for a picture with
 *   transparency as jpeg.
 */
export async function encodePicture(
  image: MaskedImage | AlphaImage,
  { format, quality, text = {}, xmp }: EncodeOptions,
): Promise<Buffer> {
  const isTransparent = 'channels' in image ? image.channels === 4 : image.masked !== undefined;
  if (isTransparent && format === 'jpeg') {
    throw new RangeError('Expected png or webp for a masked picture but received jpeg, which has no transparency');
  }
  const source = rawPicture(image);
  const packet = xmp === undefined ? undefined : xmpPacket(xmp);
  switch (format) {
    case 'png': {
      // The packet begins with a character beyond ASCII, so that its chunk becomes an iTXt one.
      const chunks = packet === undefined ? text : { ...text, [pngXmpKeyword]: packet };
      return insertPngText(await source.png().toBuffer(), chunks);
    }
    case 'jpeg': {
      // Halved colour resolution shows on thin saturated lines; whoever asks for 90 or more wants them whole.
      const chromaSubsampling = quality >= 90 ? '4:4:4' : '4:2:0';
      const bytes = await source.jpeg({ quality, chromaSubsampling }).toBuffer();
      return insertJpegMetadata(bytes, blocksOf(format, text, packet));
    }
    case 'webp': {
      const blocks = blocksOf(format, text, packet);
      const bytes = await source.webp({ quality }).toBuffer();
      return Object.keys(blocks).length === 0 ? bytes : insertWebpMetadata(bytes, blocks, image);
    }
  }
}

function blocksOf(
  format: OutputFormat,
  text: Readonly<Record<string, string>>,
  packet: string | undefined,
): MetadataBlocks {
  const comment = commentOf(format, text);
  return {
    ...(comment === undefined ? {} : { exif: exifComment(comment) }),
    ...(packet === undefined ? {} : { xmp: Buffer.from(packet, 'utf8') }),
  };
}

function rawPicture(image: MaskedImage | AlphaImage): Sharp {
  const { width, height, data } = image;
  if ('channels' in image) {
    return sharp(data, { raw: { width, height, channels: image.channels }, limitInputPixels: false });
  }
  const { masked } = image;
  const channels = masked === undefined ? 3 : 4;
  const pixels = masked === undefined ? data : withAlpha(data, masked);
  return sharp(pixels, { raw: { width, height, channels }, limitInputPixels: false });
}

function withAlpha(data: Uint8Array, masked: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(masked.length * 4);
  for (let i = 0, from = 0, to = 0; i < masked.length; i++) {
    pixels[to++] = data[from++]!;
    pixels[to++] = data[from++]!;
    pixels[to++] = data[from++]!;
    pixels[to++] = masked[i] === 1 ? 0 : 255;
  }
  return pixels;
}

function commentOf(format: OutputFormat, text: Readonly<Record<string, string>>): string | undefined {
  const other = Object.keys(text).find((keyword) => keyword !== 'parameters');
  if (other === undefined) return text['parameters'];
  throw new RangeError(`Expected only the keyword parameters as text of a ${format} file but received ${other}`);
}
