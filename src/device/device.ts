import { serializeError, ArmatureError } from '../errors.ts';
import { splitNetworks } from '../pipeline/controls/split-networks.ts';
import { DenoiseLoop, StepError } from '../pipeline/denoise-loop.ts';
import type { LatentDecoder } from '../pipeline/networks/networks.ts';
import { pictureFrom } from '../pipeline/pixels.ts';
import { isBetweenSteps, isFinished, type Sample, stepOf } from '../pipeline/sample.ts';
import type { ModelNetworks } from './model-networks.ts';
import { prepareDrawing, type PreparedDrawing } from './prepare-drawing.ts';
import { decodeLatents, type LatentView } from './latent-view.ts';
import { PreviewPace } from './preview-pace.ts';
import { workingMemory } from './memory.ts';
import type { AlphaImage } from '../pixels/alpha-image.ts';
import { type TilesDone, upscaleTiles, type UpscalerNetwork } from './upscaling.ts';
import { TextCache } from './text-cache.ts';
import type {
  AttemptKey,
  DeviceSettings,
  DrawRequest,
  FromDevice,
  PassProgress,
  PictureLeft,
  PictureProgress,
  EnlargeRequest,
} from './protocol.ts';

/** One picture of an admitted pass. */
interface ActivePicture {
  readonly sample: Sample;
  /** Null until it is decoded. */
  left: PictureLeft | null;
  /** When it was last shown on its way, in milliseconds of the loop's clock. */
  shownAt: number;
}

/** One admitted pass: its samples on their way and its pictures that are ready. */
interface ActiveDrawing {
  readonly request: DrawRequest;
  readonly pictures: readonly ActivePicture[];
  /** What brings its latents to pictures. */
  readonly decoder: LatentDecoder;
  /** Null where no previews were asked for, or none can be made. */
  view: LatentView | null;
  readonly pace: PreviewPace;
  readonly warnings: readonly string[];
  /** Samples in each batched evaluation so far. */
  readonly batches: number[];
  checkpointedAt: number;
}

/** Work of at most about one evaluation of a network. */
interface Piece {
  /** When it could first be done, in milliseconds of the loop's clock. */
  readonly since: number;
  readonly run: () => Promise<void>;
}

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
  readonly #upscales = new Map<string, EnlargeRequest>();
  /** Of those that were admitted: who is watched. */
  readonly #watched = new Set<string>();
  /** All but the evaluations, which the loop has; oldest first. */
  readonly #pieces: Piece[] = [];
  #working = false;

  constructor(settings: DeviceSettings, networks: ModelNetworks, send: (message: FromDevice) => void) {
    this.#send = send;
    this.#networks = networks;
    this.#loop = new DenoiseLoop(splitNetworks(networks), {
      maxRows: settings.maxRows,
      workingMemory: workingMemory(settings),
    });
  }

  admit(request: DrawRequest): void {
    this.#admitted.set(keyOf(request), request);
    const preparing = prepareDrawing(request, this.#networks, this.#texts);
    this.#enqueue(async () => await this.#prepare(request, preparing));
    if (!this.#working) void this.#work();
  }

  /** Has a picture made larger, tile by tile. */
  enlarge(request: EnlargeRequest): void {
    this.#upscales.set(keyOf(request), request);
    const opening = this.#networks.openUpscaler(request.model);
    // Read by the first piece.
    opening.catch(() => {});
    const tiles = tilesBy(opening, request.image);
    this.#enqueue(async () => await this.#nextTile(request, tiles));
    if (!this.#working) void this.#work();
  }

  cancel(attempt: AttemptKey): void {
    const key = keyOf(attempt);
    const active = this.#active.get(key);
    if (active !== undefined) {
      this.#loop.leave(samplesOf(active));
      if (active.request.checkpointEveryMs !== null) this.#checkpoint(active);
    }
    this.#watched.delete(key);
    if (this.#admitted.delete(key) || this.#active.delete(key) || this.#upscales.delete(key)) {
      this.#send({ type: 'cancelled', job: attempt.job, attempt: attempt.attempt });
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

  async #work(): Promise<void> {
    this.#working = true;
    for (;;) {
      // Sessions run on the event loop's own thread: without this turn no message would ever come in.
      await new Promise(setImmediate);
      const piece = this.#next();
      if (piece === null) break;
      await piece();
    }
    this.#working = false;
  }

  #enqueue(run: Piece['run'], since = performance.now()): void {
    this.#pieces.push({ since, run });
  }

  /** The oldest piece; samples that had better wait for their networks come after all others. Null where nothing is to be done. */
  #next(): Piece['run'] | null {
    const group = this.#loop.next();
    const [piece] = this.#pieces;
    if (piece !== undefined && (group === null || !group.ready || piece.since <= group.since)) {
      this.#pieces.shift();
      return piece.run;
    }
    return group === null ? null : async () => await this.#tick();
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
      else this.#enqueue(async () => await this.#prepare(request, preparing));
    } catch (error) {
      if (!isAdmitted()) return;
      this.#admitted.delete(key);
      this.#fail(request, error);
    }
  }

  async #nextTile(request: EnlargeRequest, tiles: AsyncGenerator<TilesDone, AlphaImage>): Promise<void> {
    const key = keyOf(request);
    // A cancel took it out and was answered.
    const isWanted = (): boolean => this.#upscales.get(key) === request;
    if (!isWanted()) return;
    try {
      const tile = await tiles.next();
      if (!isWanted()) return;
      if (tile.done === true) {
        this.#upscales.delete(key);
        this.#send({ type: 'enlarged', ...keyFields(request), image: tile.value });
        return;
      }
      this.#send({ type: 'tiled', ...keyFields(request), ...tile.value });
      this.#enqueue(async () => await this.#nextTile(request, tiles));
    } catch (error) {
      if (this.#upscales.delete(key)) this.#fail(request, error);
    }
  }

  #begin(request: DrawRequest, { samples, decoder, view, warnings }: PreparedDrawing): void {
    const drawing: ActiveDrawing = {
      request,
      pictures: samples.map((sample) => ({ sample, left: null, shownAt: Number.NEGATIVE_INFINITY })),
      decoder,
      view,
      pace: new PreviewPace(),
      warnings,
      batches: [],
      checkpointedAt: performance.now(),
    };
    this.#admitted.delete(keyOf(request));
    this.#active.set(keyOf(request), drawing);
    this.#watch(drawing);
    this.#loop.join(samples.filter((sample) => !isFinished(sample)));
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
    this.#send({ type: 'progress', ...keyFields(request), step: stepOfAll(drawing) });
    this.#checkpointIfDue(drawing, at);
    this.#previewIfDue(drawing, stepped, at);
    this.#decodeFinished(
      drawing,
      pictures.filter(({ sample }) => stepped.has(sample)),
      at,
    );
  }

  /** Of the pictures that took a step those first that were shown longest ago, as many as the pace lets through. */
  #previewIfDue(drawing: ActiveDrawing, stepped: ReadonlySet<Sample>, at: number): void {
    const { preview } = drawing.request;
    if (preview === null) return;
    const due = drawing.pictures.filter(
      ({ sample }) => stepped.has(sample) && isBetweenSteps(sample) && stepOf(sample) % preview.every === 0,
    );
    for (const picture of due.toSorted((a, b) => a.shownAt - b.shownAt)) {
      if (picture.sample.watch === null || !drawing.pace.take(at)) return;
      picture.shownAt = at;
      this.#enqueue(async () => await this.#preview(drawing, picture), at);
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
      this.#send({ type: 'preview', ...keyFields(request), picture: pictures.indexOf(picture), step, image });
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
    const progress: PassProgress = {
      step: stepOfAll(drawing),
      pictures: drawing.pictures.map(progressOf),
      warnings: drawing.warnings,
      batches: drawing.batches,
    };
    this.#send({ type: 'checkpoint', ...keyFields(drawing.request), progress });
  }

  /** Has decoded what has done its last step. */
  #decodeFinished(drawing: ActiveDrawing, pictures: readonly ActivePicture[], since: number): void {
    for (const picture of pictures) {
      if (isFinished(picture.sample)) this.#enqueue(async () => await this.#decode(drawing, picture), since);
    }
  }

  /** A pass whose pictures are all decoded is finished. */
  async #decode(drawing: ActiveDrawing, picture: ActivePicture): Promise<void> {
    const { request, pictures, warnings, batches } = drawing;
    if (!this.#isActive(drawing)) return;
    try {
      picture.left = await this.#leave(drawing, picture.sample);
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
    this.#send({ type: 'finished', ...keyFields(request), pictures: left, warnings, batches });
  }

  #isActive(drawing: ActiveDrawing): boolean {
    return this.#active.get(keyOf(drawing.request)) === drawing;
  }

  async #leave({ request, decoder }: ActiveDrawing, { pass, state }: Sample): Promise<PictureLeft> {
    if (!state.latents.every(Number.isFinite)) {
      throw new ArmatureError(
        'model_invalid',
        `Model "${request.base.id}" gave latents that are not finite numbers: its weights are damaged, or the guidance scale ${request.pass.guidanceScale} is too high for it.`,
      );
    }
    if (request.pass.leaves === 'latents') {
      return { latents: { shape: pass.shape, data: state.latents, noise: state.noise } };
    }
    return { image: pictureFrom(await decodeLatents(decoder, state.latents, pass.shape)) };
  }

  #abandon(drawing: ActiveDrawing, error: unknown): void {
    this.#loop.leave(samplesOf(drawing));
    if (this.#active.delete(keyOf(drawing.request))) this.#fail(drawing.request, error);
  }

  #fail(request: AttemptKey, error: unknown): void {
    if (!(error instanceof ArmatureError)) console.error(`device: ${request.job}:`, error);
    this.#watched.delete(keyOf(request));
    this.#send({ type: 'failed', ...keyFields(request), error: serializeError(error) });
  }
}

async function* tilesBy(opening: Promise<UpscalerNetwork>, image: AlphaImage): AsyncGenerator<TilesDone, AlphaImage> {
  return yield* upscaleTiles(await opening, image);
}

function samplesOf({ pictures }: ActiveDrawing): readonly Sample[] {
  return pictures.map(({ sample }) => sample);
}

/** Steps that all pictures of a pass have done. */
function stepOfAll(drawing: ActiveDrawing): number {
  return Math.min(...samplesOf(drawing).map(stepOf));
}

function progressOf({ sample, left }: ActivePicture): PictureProgress {
  return left === null ? { state: sample.state } : { left };
}

function keyFields({ job, attempt }: AttemptKey): AttemptKey {
  return { job, attempt };
}

function keyOf({ job, attempt }: AttemptKey): string {
  return `${job}/${attempt}`;
}
