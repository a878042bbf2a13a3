import { ArmatureError } from '../../errors.ts';
import { isOverdue, nextTurn } from '../../json/turns.ts';
import type { ServerLimits } from '../parts/limits.ts';

/** A line that is not empty, and its number from 1. */
export interface Line {
  readonly number: number;
  readonly bytes: Uint8Array;
}

const newline = 0x0a;
/** What JSON takes for white space, without the newline. */
const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d]);
const mark = Buffer.from('\uFEFF');

/**
 * The lines of a body, of which no more than one is held, in time linear in their bytes. Others get their turn meanwhile.
 *
 * @throws ArmatureError `payload_too_large` for a line that is too long, and for too many empty lines
 */
export async function* linesOf(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limits: Pick<ServerLimits, 'lineBytes' | 'blankLines'>,
): AsyncGenerator<Line> {
  const lines = new LineCounter(limits);
  let pieces: Uint8Array[] = [];
  let length = 0;
  const taken = (piece: Uint8Array): Line | null => {
    const bytes = pieces.length === 0 ? piece : Buffer.concat([...pieces, piece]);
    [pieces, length] = [[], 0];
    return lines.next(bytes);
  };
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      const line = taken(chunk.subarray(start, end));
      start = end + 1;
      if (line !== null) yield line;
      if (isOverdue()) await nextTurn();
    }
    pieces.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > limits.lineBytes) throw tooLarge(`lines of at most ${limits.lineBytes} bytes`);
    if (isOverdue()) await nextTurn();
  }
  const last = taken(new Uint8Array());
  if (last !== null) yield last;
}

class LineCounter {
  readonly #limits: Pick<ServerLimits, 'lineBytes' | 'blankLines'>;
  #number = 0;
  #blank = 0;

  constructor(limits: Pick<ServerLimits, 'lineBytes' | 'blankLines'>) {
    this.#limits = limits;
  }

  /** The line of these bytes, null where it is empty. */
  next(bytes: Uint8Array): Line | null {
    const { lineBytes, blankLines } = this.#limits;
    this.#number += 1;
    if (bytes.length > lineBytes) throw tooLarge(`lines of at most ${lineBytes} bytes`);
    if (!isBlank(bytes)) return { number: this.#number, bytes };
    this.#blank += 1;
    if (this.#blank > blankLines) throw tooLarge(`at most ${blankLines} empty lines`);
    return null;
  }
}

function isBlank(bytes: Uint8Array): boolean {
  const marked = mark.equals(bytes.subarray(0, mark.length));
  for (let at = marked ? mark.length : 0; at < bytes.length; at += 1) if (!blanks.has(bytes[at]!)) return false;
  return true;
}

function tooLarge(expected: string): ArmatureError {
  return new ArmatureError('payload_too_large', `Expected ${expected}.`);
}
