import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ObjectStore } from '../../store/store.ts';
import { ArmatureError } from '../../errors.ts';
import { type ByteRange, readRange } from './byte-range.ts';
import { hasAlready } from './if-none-match.ts';

/** What is served: an object that never changes under its address. */
export interface ServedObject {
  readonly key: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly contentType: string;
  /** Name under which a browser saves it. */
  readonly fileName: string;
}

/** Sends an object with a strong ETag; answers If-None-Match with 304 and one Range with 206 (RFC 9110, 13 and 14). */
export async function sendObject(
  store: Pick<ObjectStore, 'read'>,
  object: ServedObject,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const etag = `"${object.sha256}"`;
  // Conditions and ranges are about what a GET would give: an answer to a POST comes whole.
  const headers = request.method === 'POST' ? {} : request.headers;
  reply.headers({
    etag,
    'accept-ranges': 'bytes',
    // What a signed address opened is asked for again each time, so that the address ends in caches as well.
    'cache-control': request.identity?.signed === true ? 'private, no-cache' : 'private, max-age=31536000, immutable',
    'content-disposition': `inline; filename="${object.fileName}"`,
  });
  if (hasAlready(headers['if-none-match'], etag)) return await reply.code(304).send();
  const range = rangeOf(headers, reply, object.bytes, etag);
  const { start, end } = range ?? { start: 0, end: object.bytes - 1 };
  reply.type(object.contentType).header('content-length', end - start + 1);
  if (range !== null) reply.code(206).header('content-range', `bytes ${start}-${end}/${object.bytes}`);
  const bytes = await openObject(store, object, range);
  const body = Readable.from(whole(bytes, end - start + 1, object), { objectMode: false });
  // A client may have gone before anything is read, which no part of the generator sees.
  body.once('close', () => bytes.destroy());
  return await reply.send(body);
}

async function openObject(
  store: Pick<ObjectStore, 'read'>,
  object: ServedObject,
  range: ByteRange | null,
): Promise<Readable> {
  try {
    return await store.read(object.key, range ?? undefined);
  } catch (error) {
    // The range lies within what was stored: the store has less of it.
    if (error instanceof ArmatureError && error.code === 'range_not_satisfiable') throw damaged(object, error);
    throw error;
  }
}

/**
 * The bytes of a stored object, exactly as many as were announced. Fewer or more are an error, which ends the connection at
 * once: the client would wait for the rest.
 */
async function* whole(bytes: Readable, length: number, object: ServedObject): AsyncGenerator<Uint8Array> {
  let left = length;
  for await (const chunk of bytes as AsyncIterable<Uint8Array>) {
    left -= chunk.length;
    if (left < 0) throw damaged(object);
    yield chunk;
  }
  if (left > 0) throw damaged(object);
}

function damaged({ fileName, bytes }: ServedObject, cause?: unknown): ArmatureError {
  const detail = `The file ${fileName} is not what was stored: expected its ${bytes} bytes but the store has others. Draw it again.`;
  return new ArmatureError('internal', detail, { cause });
}

/** If-Range: the range counts only while the client's copy is of these very bytes. */
function rangeOf(headers: IncomingHttpHeaders, reply: FastifyReply, size: number, etag: string) {
  const condition = headers['if-range'];
  if (condition !== undefined && condition !== etag) return null;
  try {
    return readRange(headers.range, size);
  } catch (error) {
    if (error instanceof ArmatureError) reply.header('content-range', `bytes */${size}`);
    throw error;
  }
}
