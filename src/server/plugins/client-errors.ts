import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ArmatureError } from '../../errors.ts';
import { writeProblem } from '../http/problem.ts';
import type { ErrorWriter } from '../http/error-writer.ts';

/**
 * Answers what is no HTTP request (or a header that is too long) on the bare socket: there is no request object yet, nor an address that
 * would tell another dialect from our own.
 */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, line, detail } = answers[error.code ?? ''] ?? malformed;
  const written = writeProblem(new ArmatureError('invalid_request', detail), { status });
  const body = JSON.stringify(written.body);
  socket.end(
    `HTTP/1.1 ${status} ${line}\r\nContent-Type: ${written.headers['content-type']}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const malformed = { status: 400, line: 'Bad Request', detail: 'Expected an HTTP/1.1 request but it cannot be parsed.' };

const answers: Readonly<Record<string, typeof malformed>> = {
  HPE_HEADER_OVERFLOW: { status: 431, line: 'Request Header Fields Too Large', detail: 'The header is too long.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, line: 'Request Timeout', detail: 'The request took too long to arrive.' },
};

/**
 * Answers a request that expects of the server what it does not know: Node would do so without a body. `writer` is how errors are
 * written at an address.
 */
export function refuseExpectations(writer: (url: string) => ErrorWriter) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const expected = JSON.stringify(request.headers.expect?.slice(0, 100));
    const detail = `Expected no header Expect but 100-continue, and received ${expected}.`;
    const error = new ArmatureError('invalid_request', detail);
    const { status, headers, body } = writer(request.url ?? '/')(error, { status: 417 });
    const text = JSON.stringify(body);
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) }).end(text);
  };
}
