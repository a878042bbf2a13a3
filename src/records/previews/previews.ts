import { z } from 'zod';

/**
 * A picture on its way, as it is shown to those who watch its job at this moment. Nothing of it is ever stored: it travels beside the
 * records, never in them.
 */
export interface Preview {
  /** Id of the job. */
  readonly job: string;
  readonly output: number;
  /** Which of the candidates for the output. */
  readonly candidate: number;
  /** Steps that the picture has done, of all. */
  readonly step: number;
  readonly steps: number;
  readonly width: number;
  readonly height: number;
  /** As base64; at most {@link mostPreviewBytes}. */
  readonly jpeg: string;
}

/** What a JPEG may have so that it fits, as base64, into one notification of PostgreSQL, which ends before 8000 bytes. */
export const mostPreviewBytes = 5500;

/** Brings previews from where a job is drawn to where it is watched, in this or another process. What is lost is not sent again. */
export interface PreviewChannel {
  /** Resolves when it is on its way; it may be lost. Never rejects. */
  show(preview: Preview): Promise<void>;
  /** Calls back with what is shown of a job; gives how to stop that. */
  watch(job: string, listener: (preview: Preview) => void): () => void;
  /** For who draws a job: calls back when somebody watches it, and when nobody does any more; gives how to stop that. */
  whileWatched(job: string, listener: (watched: boolean) => void): () => void;
  close(): void;
}

/** What carries texts to all processes that are connected with one another, this one too. */
export interface Carrier {
  send(text: string): Promise<void>;
  /** Has the texts of all from now on brought to `listener`; called once. */
  listen(listener: (text: string) => void): Promise<void>;
}

/** Within one process. */
export function within(): Carrier {
  let bring = (_text: string): void => {};
  return {
    send: async (text) => await Promise.resolve(bring(text)),
    listen: async (listener) => {
      bring = listener;
      await Promise.resolve();
    },
  };
}

interface Drawn {
  readonly listeners: Set<(watched: boolean) => void>;
  /** Until when its watchers are believed to be there, in milliseconds; 0 where there is none. */
  until: number;
}

/** Time after which watchers say again that they are there, and for how long they are believed, in milliseconds. */
const renewal = 5000;
const belief = 12_000;

/**
 * Previews over a carrier. Who watches says so, now and again; who draws asks for it once. A carrier is listened to from the first use
 * on: where nobody asks for previews, nothing is connected.
 */
export function previewsOver(carrier: Carrier, now = () => performance.now()): PreviewChannel {
  const watchers = new Map<string, Set<(preview: Preview) => void>>();
  const drawn = new Map<string, Drawn>();
  let listening: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;

  const send = async (text: string): Promise<void> => {
    listening ??= carrier.listen(receive).catch((error: unknown) => {
      // The next text tries again.
      listening = null;
      throw error;
    });
    // What is lost is not sent again.
    await listening.then(async () => await carrier.send(text)).catch(() => {});
  };

  function receive(text: string): void {
    const [, kind, job = '', rest = ''] = /^(\w+) (\S+) ?(.*)$/s.exec(text) ?? [];
    if (kind === 'drawn' && watchers.has(job)) void send(`watched ${job}`);
    if (kind === 'watched') believe(job);
    const preview = kind === 'preview' && watchers.has(job) ? previewOf(job, rest) : null;
    if (preview === null) return;
    for (const listener of watchers.get(job) ?? []) listener(preview);
  }

  function believe(job: string): void {
    const one = drawn.get(job);
    if (one === undefined) return;
    const wasWatched = one.until > 0;
    one.until = now() + belief;
    if (!wasWatched) for (const listener of one.listeners) listener(true);
  }

  function tick(): void {
    for (const job of watchers.keys()) void send(`watched ${job}`);
    for (const one of drawn.values()) {
      if (one.until === 0 || one.until > now()) continue;
      one.until = 0;
      for (const listener of one.listeners) listener(false);
    }
  }

  function keepTime(): void {
    const isIdle = watchers.size === 0 && drawn.size === 0;
    if (isIdle && timer !== null) {
      clearInterval(timer);
      timer = null;
    } else if (!isIdle) timer ??= setInterval(tick, renewal).unref();
  }

  return {
    async show({ job, ...preview }) {
      await send(`preview ${job} ${JSON.stringify(preview)}`);
    },
    watch(job, listener) {
      const leave = join(
        watchers,
        job,
        () => new Set(),
        (set) => set,
        listener,
      );
      keepTime();
      void send(`watched ${job}`);
      return () => {
        leave();
        keepTime();
      };
    },
    whileWatched(job, listener) {
      const leave = join(
        drawn,
        job,
        () => ({ listeners: new Set(), until: 0 }),
        ({ listeners }) => listeners,
        listener,
      );
      if ((drawn.get(job)?.until ?? 0) > 0) listener(true);
      keepTime();
      void send(`drawn ${job}`);
      return () => {
        leave();
        keepTime();
      };
    },
    close() {
      watchers.clear();
      drawn.clear();
      keepTime();
    },
  };
}

/** Null for what another release means by it. */
function previewOf(job: string, text: string): Preview | null {
  try {
    const parsed = previewSchema.safeParse(JSON.parse(text));
    return parsed.success ? { ...parsed.data, job } : null;
  } catch {
    return null;
  }
}

const whole = z.int().nonnegative();
const previewSchema = z.object({
  output: whole,
  candidate: whole,
  step: whole,
  steps: whole,
  width: whole,
  height: whole,
  jpeg: z.base64(),
});

/** Adds a listener to those of a key; gives how to take it back, and with the last of them the key. */
function join<Value, Listener>(
  all: Map<string, Value>,
  key: string,
  make: () => Value,
  listenersOf: (value: Value) => Set<Listener>,
  listener: Listener,
): () => void {
  const value = all.get(key) ?? make();
  all.set(key, value);
  listenersOf(value).add(listener);
  return () => {
    listenersOf(value).delete(listener);
    if (listenersOf(value).size === 0 && all.get(key) === value) all.delete(key);
  };
}
