import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { problemOf, problemType } from '../http/problem.ts';

/** Answers what is no HTTP request (or a header that is too long) on the bare socket: there is no request object yet. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, line, detail } = answers[error.code ?? ''] ?? malformed;
  const body = JSON.stringify({ ...problemOf({ code: 'invalid_request', detail }), status });
  socket.end(
    `HTTP/1.1 ${status} ${line}\r\nContent-Type: ${problemType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
}

const malformed = { status: 400, line: 'Bad Request', detail: 'Expected an HTTP/1.1 request but it cannot be parsed.' };

const answers: Readonly<Record<string, typeof malformed>> = {
  HPE_HEADER_OVERFLOW: { status: 431, line: 'Request Header Fields Too Large', detail: 'The header is too long.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, line: 'Request Timeout', detail: 'The request took too long to arrive.' },
};

/** Answers a request that expects of the server what it does not know: Node would do so without a body. */
export function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  const expected = JSON.stringify(request.headers.expect?.slice(0, 100));
  const detail = `Expected no header Expect but 100-continue, and received ${expected}.`;
  const body = JSON.stringify({ ...problemOf({ code: 'invalid_request', detail }), status: 417 });
  response.writeHead(417, { 'content-type': problemType, 'content-length': Buffer.byteLength(body) }).end(body);
}
