/** Formats that are read, with their media types. */
export const pictureFormats = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
  tiff: 'image/tiff',
} as const;

export type PictureFormat = keyof typeof pictureFormats;

/** The format that the first bytes announce; undefined where it is none that is read. */
export function sniffFormat(bytes: Uint8Array): PictureFormat | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 64)).toString('latin1');
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (start.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (start.startsWith('RIFF') && start.startsWith('WEBP', 8)) return 'webp';
  if (start.startsWith('GIF87a') || start.startsWith('GIF89a')) return 'gif';
  if (start.startsWith('II*\0') || start.startsWith('MM\0*')) return 'tiff';
  if (start.startsWith('ftyp', 4) && /avi[fs]/.test(start.slice(8))) return 'avif';
  return undefined;
}

/** Says in a few words what bytes that are no picture of these formats look like, for an error message. */
export function describeBytes(bytes: Uint8Array): string {
  if (bytes.byteLength === 0) return 'nothing (0 bytes)';
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 256)).toString('latin1');
  const known = lookalikes.find(({ pattern }) => pattern.test(head));
  if (known !== undefined) return known.name;
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 8));
  return `${bytes.byteLength} bytes that start with ${start.toString('hex')}`;
}

const lookalikes: readonly { readonly pattern: RegExp; readonly name: string }[] = [
  {
    pattern: /^....ftyp(heic|heix|hevc|mif1|msf1)/s,
    name: 'a HEIC picture, which cannot be decoded here (save it as JPEG)',
  },
  { pattern: /^%PDF/, name: 'a PDF document' },
  { pattern: /^BM/, name: 'a BMP picture' },
  { pattern: /^(\xff\n|....JXL )/s, name: 'a JPEG XL picture' },
  { pattern: /<svg/i, name: 'an SVG document' },
  { pattern: /^\s*<(!doctype )?html/i, name: 'an HTML page' },
  { pattern: /^\s*[[{]/, name: 'JSON text' },
  { pattern: /^PK[^\x20-\x7e]{2}/, name: 'a zip file' },
  { pattern: /^[\t\n\r\x20-\x7e]+$/, name: 'plain text' },
];
