import { Worker } from 'node:worker_threads';
import { deserializeError, type SerializedError } from '../errors.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { loadError, runError } from './errors.ts';
import { type Feeds, type LoadedModel, type NetworkSession, type SessionSettings, weightBytes } from './session.ts';

/** What the thread of a session is started with. */
export interface SessionThreadData {
  readonly model: LoadedModel;
  readonly settings: SessionSettings;
}

export type ToSessionThread = { readonly type: 'run'; readonly feeds: Feeds } | { readonly type: 'release' };

export type FromSessionThread =
  | { readonly type: 'ready' }
  | { readonly type: 'ran'; readonly outputs: Readonly<Record<string, Tensor>> }
  | { readonly type: 'failed'; readonly error: SerializedError };

/**
 * As {@link createSession}, in a thread of its own, which onnxruntime blocks while it loads and while it runs. What a run is fed with is copied, at some
 * gigabytes a second; one run at a time. `main` is what the thread runs.
 */
export async function createThreadSession(
  model: LoadedModel,
  settings: SessionSettings,
  main = entry(),
): Promise<NetworkSession> {
  const { name, bytes, weightsFolder, parameters, everyStep } = model;
  const workerData: SessionThreadData = {
    model: { name, bytes, weightsFolder, parameters, everyStep },
    settings,
  };
  const thread = new Worker(main, { workerData, execArgv: [] });
  let hasEnded = false;
  const end = (): void => {
    hasEnded = true;
  };
  // Before who waits for an answer is told.
  thread.on('error', end).on('exit', end);
  // A process that ends does not wait for it.
  thread.unref();
  await answerOf<'ready'>(thread, (cause) => loadError(name, cause));
  return {
    bytes: weightBytes(model),
    hasEnded: () => hasEnded,
    run: async (feeds) => {
      // Nobody would answer.
      if (hasEnded) throw runError(name, new Error('Its thread has ended'));
      const own = Object.fromEntries(
        Object.entries(feeds).map(([input, { dims, data }]) => [input, { dims, data: data.slice() }]),
      ) as Feeds;
      const ran = answerOf<'ran'>(thread, (cause) => runError(name, cause));
      const buffers = Object.values(own).map(({ data }) => data.buffer as ArrayBuffer);
      thread.postMessage({ type: 'run', feeds: own } satisfies ToSessionThread, buffers);
      return (await ran).outputs;
    },
    release: async () => {
      if (hasEnded) return;
      const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
      thread.postMessage({ type: 'release' } satisfies ToSessionThread, []);
      await ended;
    },
  };
}

/** The next message of a thread, which is of the type that is asked for or says what went wrong; `fault` makes an error of the end of a thread. */
async function answerOf<Type extends FromSessionThread['type']>(
  thread: Worker,
  fault: (cause: unknown) => Error,
): Promise<Extract<FromSessionThread, { type: Type }>> {
  return await new Promise((resolve, reject) => {
    const forget = (): void => {
      thread.off('message', answered).off('error', ended).off('exit', ended);
    };
    const answered = (message: FromSessionThread): void => {
      forget();
      if (message.type === 'failed') reject(deserializeError(message.error));
      else resolve(message as Extract<FromSessionThread, { type: Type }>);
    };
    const ended = (cause: unknown): void => {
      forget();
      reject(fault(cause));
    };
    thread.on('message', answered).on('error', ended).on('exit', ended);
  });
}

/** Node starts no thread from TypeScript: where the sources themselves run, it is the built one. */
function entry(): URL {
  const built = import.meta.url.endsWith('.ts') ? '../../dist/runtime/' : './';
  return new URL(`${built}session-main.js`, import.meta.url);
}
