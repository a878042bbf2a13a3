import { writeFileSync } from 'node:fs';
import type { MaskedImage } from '../../pixels/rgb-image.ts';
import { ArmatureError, serializeError } from '../../errors.ts';
import { decodeLevels, decodeMasked, decodePicture, verifyPicture } from '../decode.ts';
import { type Frame, readFrames, writeFrame } from './framing.ts';
import type { DecoderRequest } from './protocol.ts';

/** Entry of a decoder child: a picture file in, facts or pixels out. It ends with its parent, and where it grows too large. */
const mostBytes = 2 * 2 ** 30;

try {
  // Where memory runs out, this process goes and not the one that answers requests. Linux only.
  writeFileSync('/proc/self/oom_score_adj', '1000');
} catch {
  // Elsewhere the limit below has to do.
}
setInterval(() => {
  if (process.memoryUsage.rss() > mostBytes) process.exit(1);
}, 50).unref();

async function answer({ facts: asked, bytes }: Frame): Promise<void> {
  const { want, limits, options } = asked as DecoderRequest;
  try {
    if (want === 'header') {
      writeFrame(process.stdout, { kind: 'header', header: await verifyPicture(bytes, limits, options) });
      return;
    }
    if (want === 'luminance' || want === 'alpha') {
      const { levels, ...facts } = await decodeLevels(bytes, want, limits, options);
      writeFrame(process.stdout, { kind: 'levels', ...facts }, [levels]);
      return;
    }
    const decoded = want === 'masked' ? decodeMasked : decodePicture;
    const image: MaskedImage = await decoded(bytes, limits, options);
    const { width, height, data } = image;
    const mask = image.masked === undefined ? [] : [image.masked];
    writeFrame(process.stdout, { kind: 'pixels', width, height }, [data, ...mask]);
  } catch (error) {
    if (!(error instanceof ArmatureError)) console.error('decoder:', error);
    writeFrame(process.stdout, { kind: 'failed', error: serializeError(error) });
  }
}

const end = (): void => process.exit(0);
readFrames(process.stdin, (frame) => void answer(frame), end);
process.stdin.on('end', end).on('error', end);
process.stdout.on('error', end);
// Ctrl-C reaches the whole process group; the parent decides when its children have to go.
process.on('SIGINT', () => undefined);
