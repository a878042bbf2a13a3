import { splitNetworks } from '../pipeline/controls/split-networks.ts';
import { DenoiseLoop, StepError } from '../pipeline/denoise-loop.ts';
import { isFinished, type Sample, stepOf } from '../pipeline/sample.ts';
import {
  type ActiveDrawing,
  type ActivePicture,
  beginDrawing,
  leave,
  picturesToShow,
  progressOf,
  samplesOf,
  stepsDone,
} from './active-drawing.ts';
import { attemptOf, failureOf, keyOf } from './attempt.ts';
import { workingMemory } from './memory.ts';
import type { ModelNetworks } from './model-networks.ts';
import { Pieces } from './pieces.ts';
import { prepareDrawing, type PreparedDrawing } from './prepare-drawing.ts';
import type { AttemptKey, DeviceSettings, DrawRequest, EnlargeRequest, FromDevice } from './protocol.ts';
import { TextCache } from './text-cache.ts';
import { Upscales } from './upscales.ts';

/**
 * The work of a device process, done in pieces: a text, a hint, a batched evaluation, a decode. The oldest piece goes first.
 * Between any two pieces it lets messages in, so that a job joins, and a cancel takes effect, within one step.
 */
export class Device {
  readonly #send: (message: FromDevice) => void;
  readonly #networks: ModelNetworks;
  readonly #loop: DenoiseLoop;
  readonly #texts = new TextCache();
  readonly #admitted = new Map<string, DrawRequest>();
  readonly #active = new Map<string, ActiveDrawing>();
  readonly #upscales: Upscales;
  /** Of those that were admitted: who is watched. */
  readonly #watched = new Set<string>();
  readonly #pieces: Pieces;

  /** Sessions of `networks` that are loaded beside others' steps go aside by `pieces`. */
  constructor(
    settings: DeviceSettings,
    networks: ModelNetworks,
    send: (message: FromDevice) => void,
    pieces = new Pieces(),
  ) {
    this.#send = send;
    this.#networks = networks;
    this.#loop = new DenoiseLoop(splitNetworks(networks), {
      maxRows: settings.maxRows,
      workingMemory: workingMemory(settings),
    });
    this.#pieces = pieces;
    pieces.serve({ next: () => this.#loop.next(), run: async () => await this.#tick() });
    this.#upscales = new Upscales(this.#pieces, networks, send);
  }

  admit(request: DrawRequest): void {
    this.#admitted.set(keyOf(request), request);
    const preparing = prepareDrawing(request, this.#networks, this.#texts);
    this.#pieces.add(async () => await this.#prepare(request, preparing));
  }

  /** Has a picture made larger, tile by tile. */
  enlarge(request: EnlargeRequest): void {
    this.#upscales.begin(request);
  }

  cancel(attempt: AttemptKey): void {
    const key = keyOf(attempt);
    const active = this.#active.get(key);
    if (active !== undefined) {
      this.#loop.leave(samplesOf(active));
      if (active.request.checkpointEveryMs !== null) this.#checkpoint(active);
    }
    this.#watched.delete(key);
    if (this.#admitted.delete(key) || this.#active.delete(key) || this.#upscales.cancel(attempt)) {
      this.#send({ type: 'cancelled', ...attemptOf(attempt) });
    }
  }

  /** Says whether somebody watches a drawing that was admitted: previews are made for nobody else. */
  watch(attempt: AttemptKey, watched: boolean): void {
    const key = keyOf(attempt);
    const active = this.#active.get(key);
    if (active === undefined && !this.#admitted.has(key)) return;
    if (watched) this.#watched.add(key);
    else this.#watched.delete(key);
    if (active !== undefined) this.#watch(active);
  }

  /** Has its samples say what they come to, or no more. */
  #watch({ request, pictures, view }: ActiveDrawing): void {
    const isWatched = view !== null && this.#watched.has(keyOf(request));
    for (const { sample } of pictures) sample.watch = isWatched ? { clean: null } : null;
  }

  /** Does the next piece of making a pass ready. */
  async #prepare(request: DrawRequest, preparing: AsyncGenerator<void, PreparedDrawing>): Promise<void> {
    const key = keyOf(request);
    // A cancel takes the request out and was answered; it may come while a network runs.
    const isAdmitted = (): boolean => this.#admitted.get(key) === request;
    if (!isAdmitted()) return;
    try {
      const piece = await preparing.next();
      if (!isAdmitted()) return;
      if (piece.done === true) this.#begin(request, piece.value);
      else this.#pieces.add(async () => await this.#prepare(request, preparing));
    } catch (error) {
      if (!isAdmitted()) return;
      this.#admitted.delete(key);
      this.#fail(request, error);
    }
  }

  #begin(request: DrawRequest, prepared: PreparedDrawing): void {
    const drawing = beginDrawing(request, prepared);
    this.#admitted.delete(keyOf(request));
    this.#active.set(keyOf(request), drawing);
    this.#watch(drawing);
    this.#loop.join(prepared.samples.filter((sample) => !isFinished(sample)));
    this.#decodeFinished(drawing, drawing.pictures, performance.now());
  }

  async #tick(): Promise<void> {
    const startedAt = performance.now();
    try {
      const { stepped, rows, at } = await this.#loop.tick();
      this.#send({ type: 'ticked', rows, samples: stepped.length, ms: at - startedAt });
      for (const drawing of this.#drawingsOf(stepped)) this.#advance(drawing, new Set(stepped), at);
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      for (const drawing of this.#drawingsOf(error.samples)) this.#abandon(drawing, error.cause);
    }
  }

  #drawingsOf(samples: readonly Sample[]): ActiveDrawing[] {
    const moved = new Set(samples);
    return [...this.#active.values()].filter((drawing) => samplesOf(drawing).some((sample) => moved.has(sample)));
  }

  #advance(drawing: ActiveDrawing, stepped: ReadonlySet<Sample>, at: number): void {
    const { request, pictures, batches } = drawing;
    batches.push(stepped.size);
    this.#send({ type: 'progress', ...attemptOf(request), ...stepsDone(drawing) });
    this.#checkpointIfDue(drawing, at);
    this.#previewIfDue(drawing, stepped, at);
    this.#decodeFinished(
      drawing,
      pictures.filter(({ sample }) => stepped.has(sample)),
      at,
    );
  }

  /** As many of the pictures that took a step as the pace lets through. */
  #previewIfDue(drawing: ActiveDrawing, stepped: ReadonlySet<Sample>, at: number): void {
    for (const picture of picturesToShow(drawing, stepped)) {
      if (picture.sample.watch === null || !drawing.pace.take(at)) return;
      picture.shownAt = at;
      this.#pieces.add(async () => await this.#preview(drawing, picture), at);
    }
  }

  async #preview(drawing: ActiveDrawing, picture: ActivePicture): Promise<void> {
    const { request, pictures, view } = drawing;
    const { sample } = picture;
    const clean = sample.watch?.clean ?? null;
    if (!this.#isActive(drawing) || view === null || clean === null) return;
    const step = stepOf(sample);
    try {
      const image = await view(clean, sample.pass.shape);
      if (!this.#isActive(drawing)) return;
      this.#send({ type: 'preview', ...attemptOf(request), picture: pictures.indexOf(picture), step, image });
    } catch (error) {
      // Worth no failure: what is drawn does not hang on it.
      console.error(`device: ${request.job}: no previews:`, error);
      drawing.view = null;
      this.#watch(drawing);
    }
  }

  #checkpointIfDue(drawing: ActiveDrawing, now: number): void {
    const { checkpointEveryMs } = drawing.request;
    if (checkpointEveryMs !== null && now - drawing.checkpointedAt >= checkpointEveryMs) this.#checkpoint(drawing);
  }

  #checkpoint(drawing: ActiveDrawing): void {
    drawing.checkpointedAt = performance.now();
    this.#send({ type: 'checkpoint', ...attemptOf(drawing.request), progress: progressOf(drawing) });
  }

  /** Has decoded what has done its last step. */
  #decodeFinished(drawing: ActiveDrawing, pictures: readonly ActivePicture[], since: number): void {
    for (const picture of pictures) {
      if (isFinished(picture.sample)) this.#pieces.add(async () => await this.#decode(drawing, picture), since);
    }
  }

  /** A pass whose pictures are all decoded is finished. */
  async #decode(drawing: ActiveDrawing, picture: ActivePicture): Promise<void> {
    const { request, pictures, warnings, batches } = drawing;
    if (!this.#isActive(drawing)) return;
    try {
      picture.left = await leave(drawing, picture.sample);
    } catch (error) {
      this.#abandon(drawing, error);
      return;
    }
    const left = pictures.flatMap((one) => (one.left === null ? [] : [one.left]));
    if (!this.#isActive(drawing)) return;
    if (left.length < pictures.length) {
      this.#checkpointIfDue(drawing, performance.now());
      return;
    }
    this.#active.delete(keyOf(request));
    this.#watched.delete(keyOf(request));
    this.#send({ type: 'finished', ...attemptOf(request), pictures: left, warnings, batches });
  }

  #isActive(drawing: ActiveDrawing): boolean {
    return this.#active.get(keyOf(drawing.request)) === drawing;
  }

  #abandon(drawing: ActiveDrawing, error: unknown): void {
    this.#loop.leave(samplesOf(drawing));
    if (this.#active.delete(keyOf(drawing.request))) this.#fail(drawing.request, error);
  }

  #fail(request: AttemptKey, error: unknown): void {
    this.#watched.delete(keyOf(request));
    this.#send(failureOf(request, error));
  }
}
