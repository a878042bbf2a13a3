import { readMetadata } from './picture-header.ts';
import { readExifComment } from './exif-comment.ts';
import { sniffFormat } from './format.ts';
import { readPngText } from './png-text.ts';

/**
 * The text that a picture file carries, by keyword: text chunks of a PNG, the EXIF user comment of a JPEG or WebP as
 * `parameters`. Empty where there is none.
 *
 * @throws ArmatureError `invalid_image` where the header of a JPEG or WebP cannot be read.
 */
export async function readPictureText(bytes: Uint8Array): Promise<Readonly<Record<string, string>>> {
  const format = sniffFormat(bytes);
  switch (format) {
    case 'png':
      return readPngText(bytes);
    case 'jpeg':
    case 'webp': {
      const { exif } = await readMetadata(bytes, format);
      const comment = exif && readExifComment(exif.subarray(exif.toString('latin1', 0, 4) === 'Exif' ? 6 : 0));
      return comment === undefined ? {} : { parameters: comment };
    }
    default:
      return {};
  }
}
