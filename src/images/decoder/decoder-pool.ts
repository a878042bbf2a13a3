import { ArmatureError, deserializeError } from '../../errors.ts';
import type { MaskFacts } from '../../generation/given-picture.ts';
import type { MaskChannel } from '../../generation/request/choices.ts';
import type { MaskedImage, RgbImage } from '../../pixels/rgb-image.ts';
import type { Canvas, CanvasPlan } from '../canvas.ts';
import type { PictureHeader } from '../picture-header.ts';
import type { WholePicture } from '../read-whole.ts';
import type { PictureFiles, PictureView } from '../see-picture.ts';
import { Turns } from '../turns.ts';
import type { DecodeFor, PictureDecoder } from './decoder.ts';
import { DecoderLost, DecoderProcess } from './decoder-process.ts';
import type { DecoderAnswer, DecoderRequest } from './protocol.ts';

export interface DecoderSettings {
  /** The children's entry file; by default the built main.js beside this file. */
  readonly entry?: URL;
  /** Children at most, each of which decodes one picture at a time. */
  readonly children?: number;
  /** Pictures of one tenant that are decoded at the same time. */
  readonly perTenant?: number;
  /** Milliseconds of processor time for one picture, after which its child is killed. */
  readonly timeoutMs?: number;
  /** Milliseconds after which a child that has nothing to do is ended, which gives back what its pictures took. */
  readonly idleMs?: number;
}

/**
 * Decodes pictures of strangers in child processes, and brings them to what is drawn there: a decoder that crashes, hangs or swallows
 * memory ends there, however many pixels a picture has no loop over them holds up whoever asked, and what comes out are facts or pixels. Children start when they are needed. Whoever waits for one gets it in turn, but no
 * tenant more than its share.
 */
export class DecoderPool implements PictureDecoder {
  readonly #settings: Required<DecoderSettings>;
  readonly #idle: { readonly child: DecoderProcess; readonly timer: NodeJS.Timeout }[] = [];
  readonly #busy = new Set<DecoderProcess>();
  readonly #turns: Turns;
  readonly #closing = new AbortController();

  constructor({
    entry = new URL('./main.js', import.meta.url),
    children = 3,
    perTenant = 2,
    timeoutMs = 60_000,
    idleMs = 15_000,
  }: DecoderSettings = {}) {
    this.#settings = { entry, children, perTenant, timeoutMs, idleMs };
    this.#turns = new Turns({ total: children, perTenant });
  }

  /** Process ids of the children that are there. */
  get pids(): readonly number[] {
    return [...this.#busy, ...this.#idle.map(({ child }) => child)].flatMap(({ pid }) => pid ?? []);
  }

  async verify(bytes: Uint8Array, options: DecodeFor = {}): Promise<PictureHeader> {
    return (await this.#ask('verify', [bytes, options], options)) as PictureHeader;
  }

  async factsOfMask(bytes: Uint8Array, channel: MaskChannel, options: DecodeFor = {}): Promise<MaskFacts> {
    return (await this.#ask('factsOfMask', [bytes, channel, options], options)) as MaskFacts;
  }

  async see(files: PictureFiles, view: PictureView): Promise<MaskedImage> {
    return (await this.#ask('see', [files, view])) as MaskedImage;
  }

  async whole(bytes: Uint8Array, options: { readonly opaque: boolean }): Promise<WholePicture> {
    return (await this.#ask('whole', [bytes, options])) as WholePicture;
  }

  async begin(files: PictureFiles, plan: CanvasPlan): Promise<Canvas> {
    return (await this.#ask('begin', [files, plan])) as Canvas;
  }

  async paste(files: PictureFiles, plan: CanvasPlan, drawn: RgbImage): Promise<RgbImage> {
    return (await this.#ask('paste', [files, plan, drawn])) as RgbImage;
  }

  /** Kills the children; what waits or is decoded fails with `unavailable`. */
  async close(): Promise<void> {
    this.#closing.abort(closedError());
    for (const { child, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      child.kill();
    }
    for (const child of this.#busy) child.kill();
  }

  async #ask(
    work: DecoderRequest['work'],
    given: DecoderRequest['given'],
    { tenant = '', field }: DecodeFor = {},
  ): Promise<unknown> {
    const { signal } = this.#closing;
    const answer = await this.#turns.run(tenant, signal, async () => await this.#decode({ work, given }, field));
    if ('failed' in answer) throw deserializeError(answer.failed);
    return answer.done;
  }

  /** A child that is lost may have been killed for no fault of the picture: it is tried once more. */
  async #decode(request: DecoderRequest, field: string | undefined): Promise<DecoderAnswer> {
    for (let tried = 1; ; tried += 1) {
      this.#closing.signal.throwIfAborted();
      const child = this.#takeChild();
      try {
        return await child.ask(request, this.#settings.timeoutMs);
      } catch (error) {
        if (!(error instanceof DecoderLost)) throw error;
        this.#closing.signal.throwIfAborted();
        if (error.late || tried > 1) throw lostError(error, field, this.#settings.timeoutMs);
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
    if (this.#closing.signal.aborted) {
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
}

function lostError(error: DecoderLost, field: string | undefined, timeoutMs: number): ArmatureError {
  const what = error.late
    ? `it was not decoded in ${timeoutMs / 1000} s`
    : `the decoder ended over it, and once more when it was tried again (${error.message})`;
  const detail = `Expected a picture that can be decoded but ${what}: save it anew, smaller or in another format.`;
  return new ArmatureError('invalid_image', detail, { cause: error, ...(field === undefined ? {} : { field }) });
}

function closedError(): ArmatureError {
  return new ArmatureError('unavailable', 'The decoder is closed because the service is stopping. Try again later.');
}
