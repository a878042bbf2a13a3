import { createHash, randomBytes, randomFillSync } from 'node:crypto';

/** Begins every key: people and secret scanners know one when they see one. */
export const keyPrefix = 'arm_';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const idLength = 12;
/** 62^43 is more than 2^256. */
const secretLength = 43;
const checksumLength = 6;
const pattern = new RegExp(
  `^${keyPrefix}([0-9A-Za-z]{${idLength}})_[0-9A-Za-z]{${secretLength}}([0-9A-Za-z]{${checksumLength}})$`,
);

/** A new key: `text` is shown once and never kept, `hash` is what is kept. */
export interface NewKeyText {
  readonly id: string;
  readonly text: string;
  readonly hash: Buffer;
}

/** `arm_<id>_<secret><checksum>`, in letters and digits so that a double click takes the whole. */
export function newKeyText(publicPart: string = randomText(idLength)): NewKeyText {
  const body = `${keyPrefix}${publicPart}_${randomText(secretLength)}`;
  const text = body + checksum(body);
  return { id: `key_${publicPart}`, text, hash: hashOf(text) };
}

/** The id in the text of a key; null for what cannot be one, mistyped keys among them. */
export function keyIdOf(text: string): string | null {
  const [, publicPart, check = ''] = pattern.exec(text) ?? [];
  if (publicPart === undefined || checksum(text.slice(0, -checksumLength)) !== check) return null;
  return `key_${publicPart}`;
}

/** SHA-256. A secret of 256 random bits needs no slow hash: there is nothing to guess. */
export function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function checksum(body: string): string {
  let number = hashOf(body).readUInt32BE(0);
  let digits = '';
  while (digits.length < checksumLength) {
    digits = alphabet[number % alphabet.length]! + digits;
    number = Math.floor(number / alphabet.length);
  }
  return digits;
}

/** Each character equally likely: bytes that would favour some are drawn again. */
function randomText(length: number): string {
  const fair = 256 - (256 % alphabet.length);
  const bytes = randomBytes(length);
  return Array.from(bytes, (first) => {
    let byte = first;
    while (byte >= fair) byte = randomFillSync(new Uint8Array(1))[0]!;
    return alphabet[byte % alphabet.length]!;
  }).join('');
}
