import type { IncomingMessage } from 'node:http';
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
  message: IncomingMessage,
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
  const body = chunks(message, new URL(url).hostname, maxBytes, time, field);
  return { body, close: () => void message.destroy() };
}

async function* chunks(
  message: IncomingMessage,
  host: string,
  maxBytes: number,
  time: Time,
  field?: string,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      received += chunk.byteLength;
      if (received > maxBytes) throw tooLarge(maxBytes, field);
      yield chunk;
    }
  } catch (error) {
    throw time.signal.aborted ? time.signal.reason : failureOf(error, host, field);
  } finally {
    message.destroy();
    time.stop();
  }
}

function tooLarge(maxBytes: number, field?: string): Error {
  return failed(`The answer is larger than ${maxBytes} bytes.`, field);
}
