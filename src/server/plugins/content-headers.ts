import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import { mediaTypeOf, requireOnce, requireUtf8, shown } from '../http/media-type.ts';

/** Refuses bodies whose headers say that they are compressed, or that their text is in another charset than UTF-8. */
export function refuseOtherEncodings(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    refuseCoding(request, reply);
    refuseCharset(request.headers['content-type']);
  });
}

function refuseCoding({ headers, method }: FastifyRequest, reply: FastifyReply): void {
  const codings = (headers['content-encoding'] ?? '').split(',').map((coding) => coding.trim());
  const other = codings.find((coding) => coding !== '' && coding.toLowerCase() !== 'identity');
  if (other === undefined || method === 'GET' || method === 'HEAD') return;
  // RFC 9110, section 15.5.16.
  reply.header('accept-encoding', 'identity');
  const detail = `Expected a body without Content-Encoding but received one of ${shown(other)}: send it as it is.`;
  throw new ArmatureError('unsupported_media_type', detail, { field: 'Content-Encoding', choices: ['identity'] });
}

/** Text is UTF-8, as JSON has to be (RFC 8259, section 8.1). What is no text may say what it likes. */
function refuseCharset(header: string | undefined): void {
  if (header === undefined) return;
  const said = mediaTypeOf(header);
  const { type, parameters } = said;
  if (type.startsWith('image/') || type === 'application/octet-stream') return;
  requireOnce(said, 'Content-Type', 'Content-Type');
  requireUtf8(parameters.get('charset'), 'the body', 'Content-Type');
}
