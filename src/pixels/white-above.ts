/** Three bytes for each of four pixels, white where the bit of the pixel's number is set in the index. */
const patterns = new Int32Array(
  Uint8Array.from({ length: 16 * 12 }, (_, i) => ((Math.floor(i / 12) >> Math.floor((i % 12) / 3)) & 1 ? 255 : 0))
    .buffer,
);

/** RGB pixels, white (255) where a value lies above the limit, or with `inverted` where it does not. Four at a time. */
export function whiteAbove(values: Uint8Array, limit: number, inverted: boolean): Uint8Array {
  const data = new Uint8Array(values.length * 3);
  const fours = new Int32Array(values.buffer, values.byteOffset, values.length >> 2);
  const words = new Int32Array(data.buffer, 0, fours.length * 3);
  const flip = inverted ? 15 : 0;
  // Added to a value in 16 bits, this carries into the ninth bit where the value lies above the limit.
  const carry = (255 - limit) * 0x1_0001;
  for (let i = 0, to = 0; to < words.length; i++, to += 3) {
    const four = fours[i]!;
    const firstAndThird = ((four & 0xff_00ff) + carry) & 0x100_0100;
    const secondAndFourth = (((four >>> 8) & 0xff_00ff) + carry) & 0x100_0100;
    const above = firstAndThird | (secondAndFourth << 1);
    const pattern = ((((above >>> 8) | (above >>> 22)) & 15) ^ flip) * 3;
    words[to] = patterns[pattern]!;
    words[to + 1] = patterns[pattern + 1]!;
    words[to + 2] = patterns[pattern + 2]!;
  }
  for (let i = fours.length * 4; i < values.length; i++)
    if (values[i]! > limit !== inverted) data.fill(255, i * 3, i * 3 + 3);
  return data;
}
