import type { IncomingMessage, ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { type LocalServer, localServer } from '../fetch/local-server.ts';

export const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

/** What a receiver got, its signature verified. */
export interface Received {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Receiver extends LocalServer {
  readonly url: string;
  /** What came, in order; an event whose signature is wrong throws where it is received. */
  readonly events: Received[];
}

type Answer = (event: Received, response: ServerResponse, count: number) => void;

/** A real receiver on this machine that checks signatures with the library that receivers use. */
export async function receiver(answer: Answer = accept, key = secret): Promise<Receiver> {
  const events: Received[] = [];
  const webhook = new Webhook(key);
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const headers = request.headers as Record<string, string>;
    try {
      const content = webhook.verify(await bodyOf(request), headers) as Omit<Received, 'id'>;
      const event = { ...content, id: headers['webhook-id']! };
      events.push(event);
      answer(event, response, events.length);
    } catch {
      response.writeHead(401).end();
    }
  };
  const server = await localServer((request, response) => void receive(request, response));
  return { ...server, events, url: `${server.origin}/hook?token=abc` };
}

export function accept(_event: Received, response: ServerResponse): void {
  response.writeHead(204).end();
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
