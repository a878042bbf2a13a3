import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A receiver of webhooks that remembers which ids it was sent for which job. */
export class Receiver {
  readonly #server: Server;
  readonly #ids = new Map<string, Set<string>>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver(
      createServer((request, response) => {
        void receiver.#note(request).then(() => response.writeHead(204).end());
      }),
    );
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  /** What a request says to have its end told here. */
  get webhook(): { readonly url: string } {
    const { port } = this.#server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}/` };
  }

  /** What the api needs to be told to be allowed to. */
  get apiFlags(): readonly string[] {
    return ['--allow-fetch', '127.0.0.1', '--webhook-secret', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'];
  }

  /** Different ids that were sent for a job. */
  idsOf(job: string): number {
    return this.#ids.get(job)?.size ?? 0;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #note(request: IncomingMessage): Promise<void> {
    const { data } = (await json(request)) as { readonly data: { readonly id: string } };
    const ids = this.#ids.get(data.id) ?? new Set();
    ids.add(String(request.headers['webhook-id']));
    this.#ids.set(data.id, ids);
  }
}
