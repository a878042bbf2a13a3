import type { MaskedImage } from '../../conditions/condition.ts';
import { ArmatureError, deserializeError } from '../../errors.ts';
import { defaultPictureLimits, type PictureHeader } from '../decode.ts';
import type { DecodeFor, PictureDecoder } from './decoder.ts';
import { DecoderLost, DecoderProcess } from './decoder-process.ts';
import type { Frame } from './framing.ts';
import { type DecoderAnswer, type DecoderRequest, imageOf } from './protocol.ts';

export interface DecoderSettings {
  /** The children's entry file; by default the built main.js beside this file. */
  readonly entry?: URL;
  /** Children at most, each of which decodes one picture at a time. */
  readonly children?: number;
  /** Pictures of one tenant that are decoded at the same time. */
  readonly perTenant?: number;
  /** Milliseconds for one picture, after which its child is killed. */
  readonly timeoutMs?: number;
  /** Milliseconds after which a child that has nothing to do is ended, which gives back what its pictures took. */
  readonly idleMs?: number;
}

interface Waiting {
  readonly tenant: string;
  readonly start: () => void;
}

/**
 * Decodes pictures of strangers in child processes: a decoder that crashes, hangs or swallows memory ends there, and what
 * comes out of it are facts or pixels. Children start when they are needed. Whoever waits for one gets it in turn, but no
 * tenant more than its share.
 */
export class DecoderPool implements PictureDecoder {
  readonly #settings: Required<DecoderSettings>;
  readonly #idle: { readonly child: DecoderProcess; readonly timer: NodeJS.Timeout }[] = [];
  readonly #busy = new Set<DecoderProcess>();
  readonly #ofTenant = new Map<string, number>();
  readonly #waiting: Waiting[] = [];
  #running = 0;
  #closed = false;

  constructor({
    entry = new URL('./main.js', import.meta.url),
    children = 3,
    perTenant = 2,
    timeoutMs = 60_000,
    idleMs = 15_000,
  }: DecoderSettings = {}) {
    this.#settings = { entry, children, perTenant, timeoutMs, idleMs };
  }

  /** Process ids of the children that are there. */
  get pids(): readonly number[] {
    return [...this.#busy, ...this.#idle.map(({ child }) => child)].flatMap(({ pid }) => pid ?? []);
  }

  async verify(bytes: Uint8Array, options: DecodeFor = {}): Promise<PictureHeader> {
    const { facts } = await this.#ask('header', bytes, options);
    return (facts as Extract<DecoderAnswer, { kind: 'header' }>).header;
  }

  async decode(bytes: Uint8Array, options: DecodeFor = {}): Promise<MaskedImage> {
    return await this.#image('pixels', bytes, options);
  }

  async decodeMasked(bytes: Uint8Array, options: DecodeFor = {}): Promise<MaskedImage> {
    return await this.#image('masked', bytes, options);
  }

  /** Kills the children; what waits or is decoded fails with `unavailable`. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { child, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      child.kill();
    }
    for (const child of this.#busy) child.kill();
    for (const { start } of this.#waiting.splice(0)) start();
  }

  async #image(want: 'pixels' | 'masked', bytes: Uint8Array, options: DecodeFor): Promise<MaskedImage> {
    const frame = await this.#ask(want, bytes, options);
    const { width, height } = frame.facts as Extract<DecoderAnswer, { kind: 'pixels' }>;
    return imageOf(width, height, frame.bytes);
  }

  async #ask(want: DecoderRequest['want'], bytes: Uint8Array, given: DecodeFor): Promise<Frame> {
    const { limits = defaultPictureLimits, tenant = '', ...options } = given;
    await this.#turn(tenant);
    try {
      const frame = await this.#decode({ want, limits, options }, bytes);
      const answer = frame.facts as DecoderAnswer;
      if (answer.kind === 'failed') throw deserializeError(answer.error);
      return frame;
    } finally {
      this.#leave(tenant);
    }
  }

  /** A child that is lost may have been killed for no fault of the picture: it is tried once more. */
  async #decode(request: DecoderRequest, bytes: Uint8Array): Promise<Frame> {
    for (let tried = 1; ; tried += 1) {
      if (this.#closed) throw closedError();
      const child = this.#takeChild();
      try {
        return await child.ask(request, bytes, this.#settings.timeoutMs);
      } catch (error) {
        if (!(error instanceof DecoderLost)) throw error;
        if (this.#closed) throw closedError();
        if (error.late || tried > 1) throw lostError(error, request, this.#settings.timeoutMs);
      } finally {
        this.#returnChild(child);
      }
    }
  }

  #takeChild(): DecoderProcess {
    const idle = this.#idle.pop();
    if (idle !== undefined) clearTimeout(idle.timer);
    const child = idle === undefined || idle.child.ended ? new DecoderProcess(this.#settings.entry) : idle.child;
    this.#busy.add(child);
    return child;
  }

  #returnChild(child: DecoderProcess): void {
    this.#busy.delete(child);
    if (child.ended) return;
    if (this.#closed) {
      child.kill();
      return;
    }
    const timer = setTimeout(() => {
      this.#idle.splice(
        this.#idle.findIndex((idle) => idle.child === child),
        1,
      );
      child.kill();
    }, this.#settings.idleMs);
    timer.unref();
    this.#idle.push({ child, timer });
  }

  async #turn(tenant: string): Promise<void> {
    if (this.#mayStart(tenant)) {
      this.#enter(tenant);
      return;
    }
    // Whoever starts it enters for it.
    await new Promise<void>((resolve) => this.#waiting.push({ tenant, start: resolve }));
    if (this.#closed) throw closedError();
  }

  #mayStart(tenant: string): boolean {
    const { children, perTenant } = this.#settings;
    return this.#running < children && (this.#ofTenant.get(tenant) ?? 0) < perTenant;
  }

  #enter(tenant: string): void {
    this.#running += 1;
    this.#ofTenant.set(tenant, (this.#ofTenant.get(tenant) ?? 0) + 1);
  }

  #leave(tenant: string): void {
    this.#running -= 1;
    const left = this.#ofTenant.get(tenant)! - 1;
    if (left === 0) this.#ofTenant.delete(tenant);
    else this.#ofTenant.set(tenant, left);
    const index = this.#waiting.findIndex((waiting) => this.#mayStart(waiting.tenant));
    const [next] = index === -1 ? [] : this.#waiting.splice(index, 1);
    if (next === undefined) return;
    this.#enter(next.tenant);
    next.start();
  }
}

function lostError(error: DecoderLost, { options: { field } }: DecoderRequest, timeoutMs: number): ArmatureError {
  const what = error.late
    ? `it was not decoded in ${timeoutMs / 1000} s`
    : `the decoder ended over it, and once more when it was tried again (${error.message})`;
  const detail = `Expected a picture that can be decoded but ${what}: save it anew, smaller or in another format.`;
  return new ArmatureError('invalid_image', detail, { cause: error, ...(field === undefined ? {} : { field }) });
}

function closedError(): ArmatureError {
  return new ArmatureError('unavailable', 'The decoder is closed because the service is stopping. Try again later.');
}
