import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

import type { ConditionMap } from '../conditions/contract/condition.ts';
import type { Fidelity } from '../conditions/contract/fidelity.ts';
import { ArmatureError, deserializeError } from '../errors.ts';
import { HangWatch } from '../children/hang-watch.ts';
import { wasToldToEnd } from '../children/told-to-end.ts';
import type {
  CompareRequest,
  ExtractionSizes,
  ExtractorRequest,
  ExtractorResult,
  ExtractorResults,
  FromExtractor,
  ToExtractor,
} from './protocol.ts';
import type { Size } from '../numeric/size.ts';
import type { AlphaImage } from '../pixels/alpha-image.ts';
import type { MaskedImage } from '../pixels/rgb-image.ts';

export interface ExtractorSettings {
  /** The child's entry file; by default the built main.js beside this file. */
  readonly entry?: URL;
  /** Folder of the networks that come with the package; without it only kernels can be run. */
  readonly annotators?: string;
  /** Folders with pulled networks, the first to win. */
  readonly pulled?: readonly string[];
  /** Threads of a network's run; by default as many as there are cores. */
  readonly threads?: number;
  /** A picture that keeps the processor idle for this long means that the child hangs: it is killed. */
  readonly hangAfterMs?: number;
}

interface Work {
  readonly request: ToExtractor;
  readonly resolve: (result: ExtractorResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Runs extractors, and what else is slow about maps, in a child process, one picture at a time and in order, so that a slow kernel never blocks the caller's
 * event loop. The child starts with the first picture; if it dies, or hangs and is killed, the picture in work fails with `extractor_lost` and
 * the ones behind it go to a new child. Whoever makes one has to close it: a living child keeps its parent alive.
 */
export class ExtractorProcess {
  readonly #entry: URL;
  readonly #annotators: string;
  readonly #pulled: readonly string[];
  readonly #threads: number;
  readonly #waiting: Work[] = [];
  #inWork: Work | undefined;
  #child: ChildProcess | undefined;
  #watch: HangWatch | undefined;
  readonly #hangAfterMs: number;
  #closed = false;
  #lastId = 0;

  constructor({
    entry = new URL('./main.js', import.meta.url),
    annotators = '',
    pulled = [],
    threads = 0,
    hangAfterMs = 120_000,
  }: ExtractorSettings = {}) {
    this.#entry = entry;
    this.#annotators = annotators;
    this.#pulled = pulled;
    this.#threads = threads;
    this.#hangAfterMs = hangAfterMs;
  }

  /** Process id of the child; undefined before the first picture and between two children. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * The map of a picture.
   *
   * @param options as `parseOptions` of the condition gives them.
   * @param signal ends the wait at once with the signal's reason; a picture that is already in work is finished and
   *   thrown away.
   * @throws ArmatureError `extractor_lost` if the child died over this picture, `unavailable` after close(), and what the
   *   extractor itself throws.
   */
  extract(
    condition: string,
    image: MaskedImage,
    options: Readonly<Record<string, unknown>>,
    signal?: AbortSignal,
    sizes: ExtractionSizes = {},
  ): Promise<ConditionMap> {
    return this.#ask({ type: 'extract', condition, image, options, sizes }, signal);
  }

  /** The map of structure that came as data, as `parse` of the structure gives it. Otherwise as {@link extract}. */
  render(
    structure: string,
    data: unknown,
    { width, height }: { readonly width: number; readonly height: number },
    signal?: AbortSignal,
  ): Promise<ConditionMap> {
    return this.#ask({ type: 'render', structure, data, width, height }, signal);
  }

  /** How well a map that was extracted from a picture agrees with the one that was requested. Otherwise as {@link extract}. */
  compare(comparison: Omit<CompareRequest, 'type'>, signal?: AbortSignal): Promise<Fidelity> {
    return this.#ask({ type: 'compare', ...comparison }, signal);
  }

  /** A picture at another size by a kernel of src/pixels/upscalers. Otherwise as {@link extract}. */
  enlarge(upscaler: string, image: AlphaImage, size: Size, signal?: AbortSignal): Promise<AlphaImage> {
    return this.#ask({ type: 'enlarge', upscaler, image, size }, signal);
  }

  #ask<Request extends ExtractorRequest>(
    asked: Request,
    signal: AbortSignal | undefined,
  ): Promise<ExtractorResults[Request['type']]> {
    if (signal?.aborted === true) return Promise.reject(reasonOf(signal));
    if (this.#closed) return Promise.reject(closedError());
    const request: ToExtractor = { ...asked, id: ++this.#lastId };
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        const index = this.#waiting.indexOf(work);
        if (index >= 0) this.#waiting.splice(index, 1);
        reject(reasonOf(signal!));
      };
      const work: Work = {
        request,
        resolve: (result) => {
          signal?.removeEventListener('abort', abort);
          resolve(result as ExtractorResults[Request['type']]);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', abort);
          reject(error);
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.push(work);
      this.#next();
    });
  }

  /** Kills the child; whatever is in work or waits fails with `unavailable`. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const work of [this.#inWork, ...this.#waiting.splice(0)]) work?.reject(closedError());
    this.#inWork = undefined;
    const child = this.#child;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  #next(): void {
    if (this.#inWork !== undefined) return;
    const work = this.#waiting.shift();
    if (work === undefined) return;
    this.#inWork = work;
    this.#child ??= this.#start();
    this.#watch?.setBusy(true);
    // A failed send is followed by the child's end, which settles the work.
    this.#child.send(work.request, () => undefined);
  }

  #start(): ChildProcess {
    const settings = [this.#annotators, String(this.#threads), ...this.#pulled];
    const child = fork(this.#entry, settings, { serialization: 'advanced', execArgv: [] });
    this.#watch = new HangWatch(child, this.#hangAfterMs);
    child.on('message', (answer: FromExtractor) => this.#settle(answer));
    child.on('error', (error) => {
      child.kill('SIGKILL');
      this.#lost(child, error.message);
    });
    child.on('exit', (code, signal) => {
      if (wasToldToEnd(signal)) this.#takeBack(child);
      this.#lost(child, signal ?? `exit code ${code}`);
    });
    return child;
  }

  #settle(answer: FromExtractor): void {
    const work = this.#inWork;
    if (work?.request.id !== answer.id) return;
    this.#inWork = undefined;
    this.#watch?.setBusy(false);
    if (answer.type === 'done') work.resolve(answer.result);
    else work.reject(deserializeError(answer.error));
    this.#next();
  }

  /** What is in work goes to the next child. */
  #takeBack(child: ChildProcess): void {
    if (this.#child !== child || this.#inWork === undefined) return;
    this.#waiting.unshift(this.#inWork);
    this.#inWork = undefined;
  }

  #lost(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#watch?.stop();
    const work = this.#inWork;
    this.#inWork = undefined;
    work?.reject(lostError(work.request, how));
    if (!this.#closed) this.#next();
  }
}

function lostError(request: ExtractorRequest, how: string): ArmatureError {
  const what = workOf(request);
  return new ArmatureError(
    'extractor_lost',
    `The extractor process ended (${how}) while it worked on ${what}. It is started again for the next picture; try this one once more.`,
  );
}

function workOf(request: ExtractorRequest): string {
  if ('condition' in request) return request.condition;
  return 'structure' in request ? request.structure : request.upscaler;
}

function closedError(): ArmatureError {
  return new ArmatureError('unavailable', 'The extractor is closed because the service is stopping. Try again later.');
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof ArmatureError
    ? signal.reason
    : new ArmatureError('cancelled', 'The extraction was cancelled.', { cause: signal.reason });
}
