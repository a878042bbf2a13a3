import { setTimeout as pause } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';

/** A connection of its own that listens to one channel, and is made anew with back-off (0.1 s growing to 1 s) when lost. */
export class NotificationListener {
  readonly #config: ClientConfig;
  readonly #channel: string;
  readonly #listener: (payload: string) => void;
  readonly #ended = new AbortController();
  #client: Client | null = null;
  #reconnecting: Promise<void> = Promise.resolve();

  constructor(config: ClientConfig, channel: string, listener: (payload: string) => void) {
    this.#config = config;
    this.#channel = channel;
    this.#listener = listener;
  }

  /** Resolves once the channel is listened to; rejects where the first connection fails. */
  async connect(): Promise<void> {
    const client = new Client(this.#config);
    let lost = false;
    const onLost = (): void => {
      if (!lost && this.#client === client) {
        lost = true;
        this.#reconnecting = this.#reconnect();
      }
    };
    client.on('error', onLost);
    client.on('end', onLost);
    client.on('notification', (message) => this.#listener(message.payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${this.#channel}`);
    } catch (error) {
      client.end().catch(() => {});
      throw error;
    }
    this.#client = client;
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#reconnecting;
    const client = this.#client;
    this.#client = null;
    await client?.end();
  }

  async #reconnect(): Promise<void> {
    this.#client = null;
    for (let attempt = 1; !this.#ended.signal.aborted; attempt += 1) {
      try {
        await pause(Math.min(attempt * 100, 1000), undefined, { signal: this.#ended.signal });
        await this.connect();
        return;
      } catch {
        // Away still: the next turn of the loop tries again.
      }
    }
  }
}
