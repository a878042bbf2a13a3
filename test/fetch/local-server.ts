import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterThisTest } from '../support/suite/cleanup.ts';

export interface LocalServer {
  readonly port: number;
  readonly origin: string;
  /** As an operator allows it. */
  readonly host: string;
  readonly requests: IncomingMessage[];
}

/** A real HTTP server on 127.0.0.1 until the end of the test. */
export async function localServer(answer: RequestListener): Promise<LocalServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  afterThisTest(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, origin: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, requests };
}
