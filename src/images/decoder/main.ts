import { writeFileSync } from 'node:fs';
import { ArmatureError, serializeError } from '../../errors.ts';
import { decodeHere } from './decoder.ts';
import { type Frame, readFrames, writeFrame } from './framing.ts';
import { pack, unpack } from './packing.ts';
import type { DecoderAnswer, DecoderRequest } from './protocol.ts';

/** Entry of a decoder child: picture files in, facts or pixels out. It ends with its parent, and where it grows too large. */
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

async function resultOf({ work, given }: DecoderRequest): Promise<DecoderAnswer> {
  try {
    const does = decodeHere[work] as (...given: readonly unknown[]) => Promise<unknown>;
    return { done: await does(...given) };
  } catch (error) {
    if (!(error instanceof ArmatureError)) console.error('decoder:', error);
    return { failed: serializeError(error) };
  }
}

async function answer(frame: Frame): Promise<void> {
  writeFrame(process.stdout, pack(await resultOf(unpack(frame) as DecoderRequest)));
}

const end = (): void => process.exit(0);
readFrames(process.stdin, (frame) => void answer(frame), end);
process.stdin.on('end', end).on('error', end);
process.stdout.on('error', end);
// Ctrl-C and service managers reach the whole group; the parent decides when its children have to go.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
