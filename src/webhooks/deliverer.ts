import type { Fetcher } from '../fetch/fetcher.ts';
import { isOfNewerRelease } from '../generation/stored-json.ts';
import type { EventContent } from '../generation/request/webhook.ts';
import type { ClaimedDelivery, WebhookRecords } from '../records/webhooks/webhook-records.ts';
import { attempt, attemptTimeout, type Outcome } from './attempt.ts';
import { signedMessage } from './message.ts';

/** What delivering stands on. */
export interface DelivererParts {
  readonly webhooks: WebhookRecords;
  readonly fetcher: Pick<Fetcher, 'send'>;
  /** Signs what its client gave no secret for; null where the server has none. */
  readonly secret: string | null;
  /** What is told of a job or a batch; `newer_release` for an event that only another process can write. */
  readonly write: (event: ClaimedDelivery) => EventContent;
  readonly clock: () => Date;
  /** When the next attempt may be made: see `nextAttempt`. */
  readonly schedule: (attempts: number, asked: number | null, now: Date) => Date | null;
  readonly log: DelivererLog;
  readonly observer: { readonly attemptEnded: (outcome: Outcome['kind']) => void };
}

export interface DelivererLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

export interface DelivererOptions {
  /** Attempts at a time in this process, and of those, to one host: a slow receiver must not hold up the others. */
  readonly concurrency: number;
  readonly perHost: number;
  /** The outbox is looked at again after this: for retries, and should a notification have been lost. */
  readonly pollMs: number;
  /** How long closing waits for attempts before it cuts them off; they are made again. */
  readonly graceMs: number;
}

export const defaultDelivererOptions: DelivererOptions = { concurrency: 32, perHost: 4, pollMs: 2000, graceMs: 5000 };

/** For how long an attempt is its process's own: after that its process counts as dead, and another makes it again. */
const lease = attemptTimeout + 10_000;

/**
 * Sends events from the outbox to their receivers until it is closed. Any number of processes may do so at once. Every event
 * arrives at least once, always under the same id, unless its receiver refuses it to the end.
 */
export class Deliverer {
  readonly #parts: DelivererParts;
  readonly #options: DelivererOptions;
  readonly #closing = new AbortController();
  readonly #cutOff = new AbortController();
  readonly #underWay = new Map<Promise<void>, string>();
  readonly #stopListening: () => void;
  /** Why events were left to other processes: told once each. */
  readonly #left = new Set<string>();
  readonly #loop: Promise<void>;
  #woken = false;
  #wake = (): void => {};

  constructor(parts: DelivererParts, options: DelivererOptions = defaultDelivererOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#stopListening = parts.webhooks.onEvent(() => this.#look());
    this.#loop = this.#run();
  }

  /** Waits for what is under way, for a while, and gives back what does not end by then. */
  async close(): Promise<void> {
    this.#stopListening();
    this.#closing.abort();
    this.#look();
    await this.#loop;
    const cut = setTimeout(() => this.#cutOff.abort(), this.#options.graceMs);
    await Promise.all(this.#underWay.keys());
    clearTimeout(cut);
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      this.#woken = false;
      const claimed = await this.#claim();
      for (const delivery of claimed) this.#start(delivery);
      // At most one of each host comes at a time: there may be more.
      if (claimed.length === 0) await this.#pause();
    }
  }

  async #claim(): Promise<readonly ClaimedDelivery[]> {
    const { concurrency, perHost } = this.#options;
    const free = concurrency - this.#underWay.size;
    if (free === 0) return [];
    const hosts = [...this.#underWay.values()];
    const full = [...new Set(hosts)].filter((host) => hosts.filter((other) => other === host).length >= perHost);
    const now = this.#parts.clock();
    try {
      return await this.#parts.webhooks.claimDue(now, new Date(now.getTime() + lease), full, free);
    } catch (err) {
      this.#parts.log.warn({ err }, 'the outbox of webhooks cannot be read');
      return [];
    }
  }

  #start(delivery: ClaimedDelivery): void {
    const work = this.#deliver(delivery)
      // Records that are away: the claim lapses, and the event is sent again.
      .catch((err: unknown) => this.#parts.log.warn({ err, event: delivery.id }, 'what came of a webhook is not noted'))
      .finally(() => {
        this.#underWay.delete(work);
        this.#look();
      });
    this.#underWay.set(work, delivery.host);
  }

  async #deliver(delivery: ClaimedDelivery): Promise<void> {
    const { webhooks, clock } = this.#parts;
    try {
      await this.#settle(delivery, await this.#attempt(delivery));
    } catch (error) {
      if (isOfNewerRelease(error)) return await this.#leave(delivery, error);
      if (!this.#cutOff.signal.aborted) throw error;
      await webhooks.release(delivery.id, delivery.attempts, clock());
    }
  }

  async #attempt(delivery: ClaimedDelivery): Promise<Outcome> {
    const { secret, fetcher, clock } = this.#parts;
    const key = delivery.secret ?? secret;
    if (key === null) {
      const error = 'The server has no secret to sign with any more (--webhook-secret).';
      return { kind: 'failed', status: null, error, retryAfter: null };
    }
    const now = clock();
    const content = this.#write(delivery);
    if (content === null) {
      const error = 'The server could not write the event: that is a fault of its own.';
      return { kind: 'failed', status: null, error, retryAfter: null };
    }
    const message = signedMessage(delivery, content, key, now);
    return await attempt(fetcher, delivery.url, message, now, this.#cutOff.signal);
  }

  /** Null where that failed, which is no reason to try it forever. */
  #write(delivery: ClaimedDelivery): EventContent | null {
    try {
      return this.#parts.write(delivery);
    } catch (err) {
      if (isOfNewerRelease(err)) throw err;
      this.#parts.log.warn({ err, event: delivery.id }, 'a webhook could not be written');
      return null;
    }
  }

  /** What another process has to write is none of this one's attempts: it is due again when the claim would have lapsed. */
  async #leave({ id, attempts, dueAt }: ClaimedDelivery, { message }: Error): Promise<void> {
    if (!this.#left.has(message)) this.#parts.log.warn({ event: id, error: message }, 'webhooks are left to others');
    this.#left.add(message);
    await this.#parts.webhooks.release(id, attempts, dueAt);
  }

  async #settle({ id, attempts, host, type, jobId, batchId }: ClaimedDelivery, outcome: Outcome): Promise<void> {
    const { webhooks, clock, schedule, log, observer } = this.#parts;
    const now = clock();
    observer.attemptEnded(outcome.kind);
    // Never the whole URL: it may carry a token.
    const facts = { event: id, type, about: jobId ?? batchId, host, attempt: attempts, status: outcome.status };
    if (outcome.kind === 'accepted') {
      await webhooks.succeeded(id, outcome.status, now);
      log.info(facts, 'webhook delivered');
      return;
    }
    const { status, error } = outcome;
    const retryAt = outcome.kind === 'declined' ? null : schedule(attempts, outcome.retryAfter, now);
    await webhooks.failed(id, attempts, { status, error, retryAt }, now);
    if (retryAt === null) log.warn({ ...facts, error }, 'webhook is dead');
    else log.info({ ...facts, error, retryAt }, 'webhook not delivered yet');
  }

  #look(): void {
    this.#woken = true;
    this.#wake();
  }

  async #pause(): Promise<void> {
    if (this.#woken) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, this.#options.pollMs);
    });
    clearTimeout(timer);
  }
}
