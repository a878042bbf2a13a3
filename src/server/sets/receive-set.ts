import type { FastifyReply, FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import type { SetUpload } from '../../records/sets/set-upload.ts';
import { gone } from '../http/gone.ts';
import type { ServerParts } from '../parts/parts.ts';
import { askForBody } from '../plugins/expected-continue.ts';
import { BodyReader } from './body-reader.ts';
import { type ContentRange, readContentRange } from './content-range.ts';
import { requireRoom, setQuotaOf } from './make-set.ts';
import { missingUpload, quotaSpent, tooLargeSet } from './refusals.ts';
import { SetWriter } from './set-writer.ts';

/** How many bytes of a set are stored: where a sender goes on (as in draft-ietf-httpbis-resumable-upload). */
export const offsetHeader = 'upload-offset';

/** Bytes of a refused body that are read all the same, so that its sender gets to see the answer. */
const passedOver = 64 * 2 ** 20;

/**
 * Takes what a PUT brings of a set, and returns what is there then; null where there is nobody left to answer. What came before a break is
 * kept. `closing` aborts when the server stops.
 */
export async function receiveSet(
  parts: ServerParts,
  { tenant, id }: { readonly tenant: string; readonly id: string },
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  closing: AbortSignal,
): Promise<SetUpload | null> {
  const range = readContentRange(request.headers['content-range'], announcedBytes(request));
  const begun = await begin(parts, { tenant, id }, range, reply);
  const { limits } = parts.settings;
  const writer = await SetWriter.open(parts, begun, { quota: setQuotaOf(limits), pieceBytes: limits.setPieceBytes });
  askForBody(reply);
  const reader = new BodyReader(request.raw, { stop: closing, gone: gone(reply, closing) });
  try {
    const found = await copy(reader, writer, { range, skip: begun.set.received - range.start, limits });
    // Whoever's key ended while it sent has nothing more to add.
    if (request.ended?.aborted === true) return null;
    if (found === 'end' && range.closes) await writer.finish();
    else await writer.flush();
    if (found === 'stopped') throw stopping();
    return found === 'broken' || reply.sent ? null : writer.set;
  } catch (error) {
    if (reply.sent) return null;
    throw error;
  } finally {
    reader.close(passedOver);
    if (!reply.sent) reply.header(offsetHeader, writer.set.received);
  }
}

function announcedBytes({ headers }: FastifyRequest): number | null {
  if (headers['transfer-encoding'] !== undefined) return null;
  return Number(headers['content-length'] ?? 0);
}

async function begin(
  parts: ServerParts,
  { tenant, id }: { readonly tenant: string; readonly id: string },
  { start, size, length }: ContentRange,
  reply: FastifyReply,
): Promise<{ readonly set: SetUpload; readonly writer: number }> {
  const { records, settings } = parts;
  const found = await records.sets.find(tenant, id);
  if (found === null) throw missingUpload(id);
  const most = settings.limits.setBytes;
  const end = start + (length ?? 0);
  if (Math.max(end, size ?? 0) > most) throw tooLargeSet(most, Math.max(end, size ?? 0));
  if (found.size === null && size !== null && size > found.received) await requireRoom(parts, size - found.received);
  const quota = setQuotaOf(settings.limits);
  const begun = await records.sets.begin(tenant, id, { at: start, size }, quota);
  if (begun.kind === 'begun') return begun;
  if (begun.kind === 'absent') throw missingUpload(id);
  const { received, size: known } = begun.set;
  reply.header(offsetHeader, received);
  if (begun.kind === 'quota') throw quotaSpent(quota, begun.held);
  if (begun.kind === 'gap') {
    const detail = `Expected bytes from ${received} on, of which none is there yet, but received some from ${start} on: go on at ${received}.`;
    throw new ArmatureError('conflict', detail, { field: 'Content-Range' });
  }
  const before = known === null ? `more than ${received} bytes` : `${known} bytes`;
  const detail = `Expected a set of ${before}, as was said before, but now ${size} are announced: delete it, and make a new one.`;
  throw new ArmatureError('conflict', detail, { field: 'Content-Range' });
}

/** Copies a body: the first `skip` bytes, which are there already, are passed over. */
async function copy(
  reader: BodyReader,
  writer: SetWriter,
  {
    range,
    skip,
    limits,
  }: { readonly range: ContentRange; readonly skip: number; readonly limits: { readonly setBytes: number } },
): Promise<'end' | 'broken' | 'stopped'> {
  let came = 0;
  for (;;) {
    const next = await reader.next();
    if (typeof next === 'string') {
      if (next !== 'end' || range.length === null || came === range.length) return next;
      await writer.flush();
      throw new ArmatureError('invalid_request', `Expected ${range.length} bytes but the body ended after ${came}.`);
    }
    const fresh = next.subarray(Math.max(0, skip - came));
    came += next.length;
    if (range.length !== null && came > range.length) {
      throw new ArmatureError('invalid_request', `Expected ${range.length} bytes but the body has more.`);
    }
    const { size } = writer.set;
    const most = size ?? limits.setBytes;
    if (writer.taken + fresh.length > most) {
      if (size === null) throw tooLargeSet(most, most);
      throw new ArmatureError('conflict', `Expected a set of ${size} bytes, as was said before, but more came.`);
    }
    await writer.write(fresh);
  }
}

function stopping(): ArmatureError {
  return new ArmatureError('unavailable', 'The server is stopping. Go on with what is left in a few seconds.');
}
