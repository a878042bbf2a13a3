import sharp from 'sharp';

import type { RgbImage } from '../conditions/condition.ts';
import type { OutputFormat } from '../generation/plan.ts';
import { exifComment } from './exif-comment.ts';
import { insertJpegExif, insertWebpExif } from './exif-container.ts';
import { insertPngText } from './png-text.ts';

export interface EncodeOptions {
  readonly format: OutputFormat;
  /** 1..100 for jpeg and webp; png has no loss and no quality. */
  readonly quality: number;
  /**
   * Text that travels inside the file, by keyword. PNG takes any keyword of 1..79 Latin-1 characters; JPEG and WebP have
   * one place, the EXIF user comment, which holds `parameters`. These are the places that AUTOMATIC1111 uses.
   */
  readonly text?: Readonly<Record<string, string>>;
}

/**
 * A picture file, without any metadata but `text`.
 *
 * @throws RangeError for a keyword that the format has no place for.
 */
export async function encodePicture(image: RgbImage, { format, quality, text = {} }: EncodeOptions): Promise<Buffer> {
  const raw = { width: image.width, height: image.height, channels: 3 } as const;
  const source = sharp(image.data, { raw, limitInputPixels: false });
  switch (format) {
    case 'png':
      return insertPngText(await source.png().toBuffer(), text);
    case 'jpeg': {
      // Halved colour resolution shows on thin saturated lines; whoever asks for 90 or more wants them whole.
      const chromaSubsampling = quality >= 90 ? '4:4:4' : '4:2:0';
      const bytes = await source.jpeg({ quality, chromaSubsampling }).toBuffer();
      const comment = commentOf(format, text);
      return comment === undefined ? bytes : insertJpegExif(bytes, exifComment(comment));
    }
    case 'webp': {
      const bytes = await source.webp({ quality }).toBuffer();
      const comment = commentOf(format, text);
      return comment === undefined ? bytes : insertWebpExif(bytes, exifComment(comment), image);
    }
  }
}

function commentOf(format: OutputFormat, text: Readonly<Record<string, string>>): string | undefined {
  const other = Object.keys(text).find((keyword) => keyword !== 'parameters');
  if (other === undefined) return text['parameters'];
  throw new RangeError(`Expected only the keyword parameters as text of a ${format} file but received ${other}`);
}
