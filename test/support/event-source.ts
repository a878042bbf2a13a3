import { setTimeout as delay } from 'node:timers/promises';

export interface SourceEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * What a browser's EventSource does (HTML Living Standard, section 9.2): it reads events, and whenever the stream breaks or ends
 * it comes back after the time that the server last named, with the id of the last event, until it is answered 204.
 */
export async function* eventSource(address: string): AsyncGenerator<SourceEvent> {
  let lastEventId = '';
  let reconnectMs = 100;
  for (;;) {
    try {
      const headers: Record<string, string> = lastEventId === '' ? {} : { 'last-event-id': lastEventId };
      const response = await fetch(address, { headers: { ...headers, accept: 'text/event-stream' } });
      if (response.status === 204) return;
      if (response.status !== 200) throw new Error(`The stream answers ${response.status}`);
      for await (const fields of blocks(response)) {
        const { id, event, data, retry } = fields;
        if (retry !== undefined) reconnectMs = Number(retry);
        if (id !== undefined) lastEventId = id;
        if (data !== undefined) yield { id: lastEventId, type: event ?? 'message', data: JSON.parse(data) };
      }
    } catch {
      // The server is away or was killed: the next turn finds out.
    }
    await delay(reconnectMs);
  }
}

async function* blocks(response: Response): AsyncGenerator<Readonly<Partial<Record<string, string>>>> {
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      yield Object.fromEntries(lines.map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
    }
  }
}
