import { PassThrough } from 'node:stream';
import type { Answering } from './exchange.ts';
import { failureOf } from './failure.ts';
import type { Leg } from './redirect.ts';
import { failed } from './refusal.ts';
import type { Time } from './time.ts';

/**
 * The body of an answer, at most `maxBytes` of it. Throws `fetch_failed` at once for a body that announces more, or that
 * is compressed although identity was asked for; the iterator throws it when more comes than may, when time is over and
 * when the body ends before its announced length. The connection ends with the iterator, however it ends.
 */
export function limitedBody(
  message: Answering,
  { method, url }: Leg,
  maxBytes: number,
  time: Time,
  field?: string,
): { readonly body: AsyncIterable<Uint8Array>; readonly close: () => void } {
  message.once('close', time.stop);
  const encoding = message.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw failed(`The answer is compressed (${encoding.slice(0, 20)}) although it was asked for as it is.`, field);
  }
  if (method !== 'HEAD' && Number(message.headers['content-length'] ?? 0) > maxBytes) {
    throw tooLarge(maxBytes, field);
  }
  // From now on, not from the first read on: the connection may break before that.
  const arriving = unbroken(message);
  const body = chunks(message, arriving, new URL(url).hostname, maxBytes, time, field);
  return { body, close: () => void message.destroy() };
}

async function* chunks(
  message: Answering,
  { bytes, failure }: Arriving,
  host: string,
  maxBytes: number,
  time: Time,
  field?: string,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  try {
    for await (const chunk of bytes) {
      received += chunk.byteLength;
      if (received > maxBytes) throw tooLarge(maxBytes, field);
      yield chunk;
    }
    const error = failure();
    if (error !== null) throw time.signal.aborted ? time.signal.reason : failureOf(error, host, field);
  } finally {
    message.destroy();
    time.stop();
  }
}

interface Arriving {
  readonly bytes: AsyncIterable<Buffer>;
  /** Why the bytes ended early; null while they come and after the last one. */
  readonly failure: () => Error | null;
}

/**
 * What came of a body, to its last byte, also where it broke off: Node drops what nobody has read yet when a connection is
 * cut, and a download would have to fetch it twice.
 */
function unbroken(message: Answering): Arriving {
  const through = new PassThrough();
  let failure: Error | null = null;
  message.once('error', (error) => {
    failure = error;
    through.end();
  });
  message.once('close', () => {
    if (message.readableEnded || failure !== null) return;
    failure = new Error('The connection was closed');
    through.end();
  });
  return { bytes: message.pipe(through), failure: () => failure };
}

function tooLarge(maxBytes: number, field?: string): Error {
  return failed(`The answer is larger than ${maxBytes} bytes.`, field);
}
