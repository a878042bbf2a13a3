import { fork, type ChildProcess } from 'node:child_process';
import { ArmatureError, deserializeError } from '../errors.ts';
import { HangWatch } from '../children/hang-watch.ts';
import { wasToldToEnd } from '../children/told-to-end.ts';
import type { AlphaImage } from '../pixels/alpha-image.ts';
import type {
  AttemptKey,
  DevicePreview,
  DeviceDescription,
  DeviceSettings,
  Drawing,
  DrawRequest,
  FromDevice,
  PassProgress,
  StepsDone,
  ToDevice,
  EnlargeRequest,
} from './protocol.ts';

export interface DeviceProcessOptions {
  readonly settings: DeviceSettings;
  /** The child's entry module. */
  readonly entry?: URL;
  /** A step that keeps the processor idle for this long means that the child hangs: it is killed. */
  readonly hangAfterMs?: number;
  readonly onTick?: (tick: TickReport) => void;
  readonly onExit?: (exit: { readonly code: number | null; readonly signal: string | null }) => void;
}

export interface TickReport {
  readonly rows: number;
  readonly samples: number;
  readonly ms: number;
}

export interface DrawOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: StepsDone) => void;
  /** Where the request asks for checkpoints. The last one comes before the rejection with `cancelled`. */
  readonly onCheckpoint?: (progress: PassProgress) => void;
  /** Where the request asks for previews, and somebody watches. */
  readonly onPreview?: (preview: DevicePreview) => void;
  /** Calls back when somebody watches, at once where somebody does, and when nobody does any more; gives how to stop that. */
  readonly watch?: ((listener: (watched: boolean) => void) => () => void) | undefined;
}

export interface EnlargeOptions {
  readonly signal?: AbortSignal;
  /** Tiles that are done, of how many. */
  readonly onTile?: (done: { readonly step: number; readonly steps: number }) => void;
}

/** What comes of a request, whichever it was. */
type Answer = Extract<FromDevice, { type: 'finished' | 'enlarged' }>;

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: ArmatureError) => void;
  readonly options: DrawOptions & EnlargeOptions;
  readonly detach: () => void;
}

interface Running {
  readonly child: ChildProcess;
  readonly ready: Promise<DeviceDescription>;
  readonly watch: HangWatch;
}

/**
 * The parent's handle of one device process, the child that owns the accelerator and the denoise loop. The child is
 * started at the first use and again after it died; its death fails the drawings that were in it with `device_lost` and
 * no others.
 */
export class DeviceProcess {
  readonly #options: DeviceProcessOptions;
  readonly #pending = new Map<string, Pending>();
  #running: Running | null = null;
  #closed = false;
  #description: DeviceDescription | null = null;
  #loaded: readonly string[] = [];

  constructor(options: DeviceProcessOptions) {
    this.#options = options;
  }

  /** What the child runs on; null while there is none that is ready. */
  get description(): DeviceDescription | null {
    return this.#description;
  }

  /** Ids of the models of which something is in the child's memory. */
  get loaded(): readonly string[] {
    return this.#loaded;
  }

  get pid(): number | undefined {
    return this.#running?.child.pid;
  }

  /** Starts the child if none runs, and resolves when it can draw. */
  async start(): Promise<DeviceDescription> {
    for (;;) {
      if (this.#closed) throw new ArmatureError('unavailable', 'The device process is closed.');
      this.#running ??= this.#spawn();
      const { child, ready } = this.#running;
      try {
        return await ready;
      } catch (error) {
        if (!wasToldToEnd(child.signalCode)) throw error;
      }
    }
  }

  /**
   * Draws one job. Rejects with `cancelled` after `signal` aborted, with `device_lost` when the child died, or with what
   * went wrong in it.
   */
  async draw(request: DrawRequest, options: DrawOptions = {}): Promise<Drawing> {
    return (await this.#ask({ type: 'admit', ...request }, options)) as Extract<Answer, { type: 'finished' }>;
  }

  /** Makes a picture larger by a network, once. Rejects as {@link draw} does. */
  async enlarge(request: EnlargeRequest, options: EnlargeOptions = {}): Promise<AlphaImage> {
    const { image } = (await this.#ask({ type: 'enlarge', ...request }, options)) as Extract<
      Answer,
      { type: 'enlarged' }
    >;
    return image;
  }

  async #ask(
    request: Extract<ToDevice, { type: 'admit' | 'enlarge' }>,
    options: DrawOptions & EnlargeOptions,
  ): Promise<Answer> {
    const { signal } = options;
    await this.start();
    if (signal?.aborted === true) throw cancelled();
    if (this.#running === null) throw lost(null, null);
    const key = keyOf(request);
    return await new Promise<Answer>((resolve, reject) => {
      const cancel = (): void => this.#send({ type: 'cancel', job: request.job, attempt: request.attempt });
      signal?.addEventListener('abort', cancel, { once: true });
      let unwatch = (): void => {};
      const detach = (): void => {
        signal?.removeEventListener('abort', cancel);
        unwatch();
      };
      this.#pending.set(key, { resolve, reject, options, detach });
      this.#running?.watch.setBusy(true);
      this.#send(request);
      const { job, attempt } = request;
      unwatch = options.watch?.((watched) => this.#send({ type: 'watch', job, attempt, watched })) ?? unwatch;
    });
  }

  /** Ends the child; drawings in it are lost. */
  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#running?.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.disconnect();
    const impatient = setTimeout(() => child.kill('SIGKILL'), 2000);
    await exited;
    clearTimeout(impatient);
  }

  #send(message: ToDevice): void {
    const child = this.#running?.child;
    if (child?.connected === true) child.send(message, () => {});
  }

  #spawn(): Running {
    const entry = this.#options.entry ?? new URL('./main.js', import.meta.url);
    const child = fork(entry, [], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const ready = new Promise<DeviceDescription>((resolve, reject) => {
      child.on('message', (message: FromDevice) => {
        if (message.type === 'ready') {
          this.#description = message.device;
          resolve(message.device);
        } else if (message.type === 'fatal') reject(deserializeError(message.error));
        else if (message.type !== 'loaded') this.#receive(message);
        // One that has ended may have said it before.
        else if (this.#running?.child === child) this.#loaded = message.models;
      });
      child.once('exit', (code, signal) => {
        reject(lost(code, signal));
        this.#lose(child, code, signal);
      });
      child.once('error', (cause) =>
        reject(new ArmatureError('device_lost', 'The device process could not be started.', { cause })),
      );
    });
    ready.catch(() => {});
    child.send({ type: 'start', settings: this.#options.settings } satisfies ToDevice, () => {});
    const watch = new HangWatch(child, this.#options.hangAfterMs ?? 120_000);
    return { child, ready, watch };
  }

  #receive(message: Exclude<FromDevice, { type: 'ready' | 'loaded' | 'fatal' }>): void {
    if (message.type === 'ticked') {
      this.#options.onTick?.({ rows: message.rows, samples: message.samples, ms: message.ms });
      return;
    }
    const pending = this.#pending.get(keyOf(message));
    if (pending === undefined) return;
    if (message.type === 'progress') {
      pending.options.onProgress?.({ step: message.step, mean: message.mean });
      return;
    }
    if (message.type === 'tiled') {
      pending.options.onTile?.({ step: message.step, steps: message.steps });
      return;
    }
    if (message.type === 'preview') {
      pending.options.onPreview?.(message);
      return;
    }
    if (message.type === 'checkpoint') {
      pending.options.onCheckpoint?.(message.progress);
      return;
    }
    this.#settle(keyOf(message), pending);
    if (message.type === 'finished' || message.type === 'enlarged') pending.resolve(message);
    else if (message.type === 'cancelled') pending.reject(cancelled());
    else pending.reject(deserializeError(message.error));
  }

  #settle(key: string, pending: Pending): void {
    this.#pending.delete(key);
    pending.detach();
    this.#running?.watch.setBusy(this.#pending.size > 0);
  }

  #lose(child: ChildProcess, code: number | null, signal: string | null): void {
    if (this.#running?.child !== child) return;
    this.#running.watch.stop();
    this.#running = null;
    this.#description = null;
    this.#loaded = [];
    for (const [key, pending] of this.#pending) {
      this.#settle(key, pending);
      pending.reject(lost(code, signal));
    }
    this.#options.onExit?.({ code, signal });
  }
}

function keyOf({ job, attempt }: AttemptKey): string {
  return `${job}/${attempt}`;
}

function cancelled(): ArmatureError {
  return new ArmatureError('cancelled', 'The job was cancelled while it was drawn.');
}

function lost(code: number | null, signal: string | null): ArmatureError {
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
  return new ArmatureError(
    'device_lost',
    `The device process was ended ${how}. If this comes again with this request, it may need more memory than there is: try a smaller size or fewer pictures.`,
  );
}
