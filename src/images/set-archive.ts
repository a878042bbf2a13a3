import { describeBytes } from './format.ts';

/** Bytes at the beginning of a file by which every archive is known. */
export const archiveHead = 512;

/** What the first bytes of a file, up to {@link archiveHead}, are: an archive that sets come in, or what else, for an error message. */
export type FoundArchive = { readonly archive: 'zip' | 'tar' } | { readonly other: string };

export function sniffArchive(bytes: Uint8Array): FoundArchive {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, archiveHead));
  const signature = start.toString('latin1', 0, 8);
  if (zipSignatures.some((begin) => signature.startsWith(begin))) return { archive: 'zip' };
  if (isTar(start)) return { archive: 'tar' };
  const other = others.find(({ begins }) => signature.startsWith(begins));
  return { other: other?.what ?? describeBytes(start) };
}

/** Of a zip with files, of an empty one, and of one that was in parts. */
const zipSignatures = ['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'];

/** All tars of this century say `ustar`; one of nothing is all zeros. */
function isTar(start: Buffer): boolean {
  return (
    start.length === archiveHead &&
    (start.toString('latin1', 257, 262) === 'ustar' || start.every((byte) => byte === 0))
  );
}

const again = 'pack it as a zip or a plain tar, as pictures are compressed already';

const others: readonly { readonly begins: string; readonly what: string }[] = [
  { begins: '\x1f\x8b', what: `compressed with gzip: ${again}` },
  { begins: 'BZh', what: `compressed with bzip2: ${again}` },
  { begins: '\xfd7zXZ', what: `compressed with xz: ${again}` },
  { begins: '\x28\xb5\x2f\xfd', what: `compressed with zstd: ${again}` },
  { begins: '7z\xbc\xaf', what: `a 7z archive: ${again}` },
  { begins: 'Rar!', what: `a rar archive: ${again}` },
  { begins: 'PAR1', what: 'a Parquet file: write its rows as JSON Lines beside the pictures' },
];
