import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ArmatureError, type ErrorCode } from '../../errors.ts';
import { prefersHtml } from '../http/prefers-html.ts';
import type { ErrorWriter } from '../http/error-writer.ts';
import type { HttpMetrics } from '../../metrics/http-metrics.ts';
import { otherMediaType } from './other-media-type.ts';
import type { AllowedMethods } from './allowed-methods.ts';

/** Seconds after which a client may try again when a part of the service is away. */
const retryAfter = 2;

/** Answers a browser that goes to an address where nothing is. */
export type SendMissingPage = (reply: FastifyReply) => Promise<FastifyReply>;

/**
 * Has every failure, ours or the framework's, written by the error writer of the scope in which it was met. Nothing of an unexpected
 * error leaves the process.
 */
export function answerErrors(app: FastifyInstance, metrics: HttpMetrics): void {
  app.setErrorHandler((thrown, request, reply) => {
    metrics.refused(fromThrown(thrown, request).code);
    return sendError(thrown, request, reply, request.server.writeError);
  });
}

/** Answers what is asked for below the prefix of a scope and is not there: with an error; a browser with a page, where there is one. */
export function answerMissing(
  scope: FastifyInstance,
  allowed: AllowedMethods,
  sendMissingPage?: SendMissingPage,
): void {
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const path = request.url.split('?', 1)[0]!;
    const methods = allowed.of(path);
    if (sendMissingPage !== undefined && methods.length === 0 && prefersHtml(request))
      return await sendMissingPage(reply);
    if (methods.length === 0) throw new ArmatureError('not_found', `There is no resource at ${path.slice(0, 200)}.`);
    reply.header('allow', methods.join(', '));
    const detail = `Expected ${methods.join(' or ')} at ${path} but received ${request.method}.`;
    throw new ArmatureError('method_not_allowed', detail, { choices: methods });
  };
  scope.setNotFoundHandler(answer);
  // Before its body is read: nobody has asked for that memory, or for a key.
  scope.addHook('preParsing', async (request, reply) => {
    if (request.is404 && request.server === scope) await answer(request, reply);
  });
}

export async function sendError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  write: ErrorWriter,
): Promise<FastifyReply> {
  const error = fromThrown(thrown, request);
  if (error.status >= 500) request.log.error({ err: thrown, code: error.code }, 'request failed');
  const wait = error.retryAfter ?? (error.status === 503 ? retryAfter : undefined);
  if (wait !== undefined) reply.header('retry-after', wait);
  const { status, headers, body } = write(error, { request: request.id });
  return await reply.code(status).headers(headers).send(body);
}

/** What a thrown thing means to the client of a request. */
function fromThrown(thrown: unknown, request: FastifyRequest): ArmatureError {
  if (thrown instanceof ArmatureError) return thrown;
  if (isFrameworkError(thrown)) {
    if (thrown.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return otherMediaType(request);
    const known = frameworkErrors[thrown.code];
    if (known !== undefined) return new ArmatureError(known.code, known.detail, { cause: thrown });
    if (thrown.statusCode !== undefined && thrown.statusCode < 500) {
      return new ArmatureError('invalid_request', `The request cannot be read: ${thrown.message}.`, { cause: thrown });
    }
  }
  const detail = 'An unexpected error ended the request. The log of the server says more under the id of the request.';
  return new ArmatureError('internal', detail, { cause: thrown });
}

function isFrameworkError(thrown: unknown): thrown is FastifyError {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string';
}

const badJson = { code: 'invalid_request', detail: 'Expected a JSON body but it cannot be parsed.' } as const;
const tooLarge = {
  code: 'payload_too_large',
  detail: 'The body, one of its parts or their number is over the limit: docs/api.md lists the limits.',
} as const;

const frameworkErrors: Readonly<Record<string, { readonly code: ErrorCode; readonly detail: string }>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'invalid_request', detail: 'Expected a JSON body but received none.' },
  FST_ERR_CTP_INVALID_JSON_BODY: badJson,
  FST_ERR_CTP_BODY_TOO_LARGE: tooLarge,
};
