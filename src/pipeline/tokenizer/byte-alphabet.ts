/**
 * The printable character that stands for each byte in a byte-level BPE vocabulary (GPT-2, `bytes_to_unicode`): bytes that
 * print in Latin-1 stand for themselves, the others for the characters from U+0100 on, in order.
 */
export const byteAlphabet: readonly string[] = buildByteAlphabet();

function buildByteAlphabet(): string[] {
  let unprintable = 0;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(isPrintable(byte) ? byte : 0x100 + unprintable++),
  );
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}
