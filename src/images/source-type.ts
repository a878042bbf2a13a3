import { readMetadata } from './picture-header.ts';
import { sniffFormat } from './format.ts';

/** Where IPTC keeps its terms for how a picture was made. */
export const sourceTypes = 'http://cv.iptc.org/newscodes/digitalsourcetype';

/** As an attribute or an element of an XMP packet, whichever prefix its namespace has there. */
const written =
  /:DigitalSourceType(?:\s*=\s*["']|\s*>\s*)https?:\/\/cv\.iptc\.org\/newscodes\/digitalsourcetype\/([A-Za-z]{1,64})/;

/** The term by which the XMP packet of a picture file says how it was made; null where none does. */
export async function readSourceType(bytes: Uint8Array): Promise<string | null> {
  const format = sniffFormat(bytes);
  if (format === undefined) return null;
  const { xmp } = await readMetadata(bytes, format);
  return (xmp === undefined ? null : written.exec(xmp.toString('utf8'))?.[1]) ?? null;
}
