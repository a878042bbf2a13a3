import { serializeError, ArmatureError } from '../errors.ts';
import { DenoiseLoop, StepError } from '../pipeline/denoise-loop.ts';
import { pictureFrom } from '../pipeline/pixels.ts';
import { isFinished, type Sample, stepOf } from '../pipeline/sample.ts';
import { ModelNetworks } from './model-networks.ts';
import { prepareDrawing } from './prepare-drawing.ts';
import { workingMemory } from './memory.ts';
import { seedOf } from './seed.ts';
import { TextCache } from './text-cache.ts';
import type { AttemptKey, DeviceSettings, DrawnImage, DrawRequest, FromDevice } from './protocol.ts';

/** One admitted job: its samples on their way and its pictures that are ready. */
interface ActiveDrawing {
  readonly request: DrawRequest;
  readonly samples: readonly Sample[];
  readonly images: (DrawnImage | null)[];
  readonly warnings: readonly string[];
  readonly startedAt: number;
  /** Samples in each batched step so far. */
  readonly batches: number[];
  checkpointedAt: number;
}

/**
 * The work of a device process: prepares admitted jobs, ticks the denoise loop over the samples of all of them, decodes
 * what is finished. Between any two pieces of work it lets messages in, so that a job joins, and a cancel takes effect,
 * within one step.
 */
export class Device {
  readonly #send: (message: FromDevice) => void;
  readonly #networks: ModelNetworks;
  readonly #loop: DenoiseLoop;
  readonly #texts = new TextCache();
  readonly #admitted = new Map<string, DrawRequest>();
  readonly #active = new Map<string, ActiveDrawing>();
  #working = false;

  constructor(settings: DeviceSettings, networks: ModelNetworks, send: (message: FromDevice) => void) {
    this.#send = send;
    this.#networks = networks;
    this.#loop = new DenoiseLoop(networks, { maxRows: settings.maxRows, workingMemory: workingMemory(settings) });
  }

  admit(request: DrawRequest): void {
    this.#admitted.set(keyOf(request), request);
    if (!this.#working) void this.#work();
  }

  cancel(attempt: AttemptKey): void {
    const key = keyOf(attempt);
    const active = this.#active.get(key);
    if (active !== undefined) {
      this.#loop.leave(active.samples);
      if (active.request.checkpointEveryMs !== undefined) this.#checkpoint(active);
    }
    if (this.#admitted.delete(key) || this.#active.delete(key)) {
      this.#send({ type: 'cancelled', job: attempt.job, attempt: attempt.attempt });
    }
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#admitted.size > 0 || this.#active.size > 0) {
      // Sessions run on the event loop's own thread: without this turn no message would ever come in.
      await new Promise(setImmediate);
      const [request] = this.#admitted.values();
      if (request !== undefined) await this.#prepare(request);
      else if (this.#loop.size > 0) await this.#tick();
    }
    this.#working = false;
  }

  async #prepare(request: DrawRequest): Promise<void> {
    const key = keyOf(request);
    const startedAt = performance.now();
    try {
      const { samples, warnings } = await prepareDrawing(request, this.#networks, this.#texts);
      // A cancel that came in the meantime has taken the request out and was answered.
      if (!this.#admitted.delete(key)) return;
      const { images = samples.map(() => null), batches = [] } = request.resume ?? {};
      const progress = { images: [...images], batches: [...batches], checkpointedAt: startedAt };
      const drawing: ActiveDrawing = { request, samples, warnings, startedAt, ...progress };
      this.#active.set(key, drawing);
      this.#loop.join(samples.filter((sample) => !isFinished(sample)));
      await this.#decodeFinished(drawing);
    } catch (error) {
      if (this.#admitted.delete(key)) this.#fail(request, error);
    }
  }

  async #tick(): Promise<void> {
    const startedAt = performance.now();
    let stepped: readonly Sample[] = [];
    try {
      const tick = await this.#loop.tick();
      stepped = tick.stepped;
      const ms = performance.now() - startedAt;
      this.#send({ type: 'ticked', rows: tick.rows, samples: stepped.length, ms });
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      for (const drawing of this.#drawingsOf(error.samples)) this.#abandon(drawing, error.cause);
    }
    for (const drawing of this.#drawingsOf(stepped)) await this.#advance(drawing, stepped.length);
  }

  #drawingsOf(samples: readonly Sample[]): ActiveDrawing[] {
    const moved = new Set(samples);
    return [...this.#active.values()].filter((drawing) => drawing.samples.some((sample) => moved.has(sample)));
  }

  async #advance(drawing: ActiveDrawing, batch: number): Promise<void> {
    const { request, samples } = drawing;
    drawing.batches.push(batch);
    const step = Math.min(...samples.map(stepOf));
    this.#send({ type: 'progress', ...keyFields(request), step, steps: request.plan.steps });
    const { checkpointEveryMs = Number.POSITIVE_INFINITY } = request;
    if (performance.now() - drawing.checkpointedAt >= checkpointEveryMs) this.#checkpoint(drawing);
    await this.#decodeFinished(drawing);
  }

  #checkpoint(drawing: ActiveDrawing): void {
    const { request, samples, images, batches } = drawing;
    drawing.checkpointedAt = performance.now();
    const kept = samples.map(({ state: { evaluation, latents, memory, noise } }) => {
      return { step: evaluation, latents, scheduler: memory, noise };
    });
    const state = { samples: kept, images, batches };
    this.#send({ type: 'checkpoint', ...keyFields(request), state });
  }

  /** Decodes what has done its last step; a drawing whose pictures are all there is finished. */
  async #decodeFinished(drawing: ActiveDrawing): Promise<void> {
    const { request, samples, images } = drawing;
    try {
      for (const [index, sample] of samples.entries()) {
        if (!isFinished(sample) || images[index] !== null) continue;
        images[index] = await this.#decode(request, sample, index);
        await new Promise(setImmediate);
        if (!this.#active.has(keyOf(request))) return;
      }
    } catch (error) {
      this.#abandon(drawing, error);
      return;
    }
    if (images.every((image) => image !== null)) {
      this.#active.delete(keyOf(request));
      const drawMs = performance.now() - drawing.startedAt;
      const meanBatch = drawing.batches.reduce((sum, size) => sum + size, 0) / drawing.batches.length;
      this.#send({ type: 'finished', ...keyFields(request), images, warnings: drawing.warnings, drawMs, meanBatch });
    }
  }

  async #decode(request: DrawRequest, sample: Sample, index: number): Promise<DrawnImage> {
    const base = this.#networks.base(sample.pass.base);
    if (!sample.state.latents.every(Number.isFinite)) {
      throw new ArmatureError(
        'model_invalid',
        `Model "${request.plan.model.id}" gave latents that are not finite numbers: its weights are damaged, or the guidance scale ${request.plan.guidanceScale} is too high for it.`,
      );
    }
    const latents = sample.state.latents.map((value) => value / base.scalingFactor);
    const decoded = await base.decode({ dims: [1, ...sample.pass.shape], data: latents });
    return { seed: seedOf(request.plan.seed, index), image: pictureFrom(decoded) };
  }

  #abandon(drawing: ActiveDrawing, error: unknown): void {
    this.#loop.leave(drawing.samples);
    if (this.#active.delete(keyOf(drawing.request))) this.#fail(drawing.request, error);
  }

  #fail(request: DrawRequest, error: unknown): void {
    if (!(error instanceof ArmatureError)) console.error(`device: ${request.job}:`, error);
    this.#send({ type: 'failed', ...keyFields(request), error: serializeError(error) });
  }
}

function keyFields({ job, attempt }: AttemptKey): AttemptKey {
  return { job, attempt };
}

function keyOf({ job, attempt }: AttemptKey): string {
  return `${job}/${attempt}`;
}
