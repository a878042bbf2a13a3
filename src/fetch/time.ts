import { ArmatureError } from '../errors.ts';
import { failed } from './refusal.ts';

/** Runs out on its own, or with the caller's signal; `stop` when there is nothing left to bound. */
export interface Time {
  readonly signal: AbortSignal;
  readonly stop: () => void;
}

/** Starts to count `timeoutMs` (Infinity for no end). The signal's reason is `fetch_failed`, or `cancelled` where `signal` aborts. */
export function startTime(timeoutMs: number, signal?: AbortSignal, field?: string): Time {
  const ending = new AbortController();
  const over = (): void =>
    ending.abort(failed(`The address did not answer completely within ${timeoutMs / 1000} s.`, field));
  const cancel = (): void => ending.abort(cancelled(signal?.reason));
  const timer = Number.isFinite(timeoutMs) ? setTimeout(over, timeoutMs) : undefined;
  if (signal?.aborted === true) cancel();
  else signal?.addEventListener('abort', cancel, { once: true });
  const stop = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
  };
  return { signal: ending.signal, stop };
}

function cancelled(reason: unknown): ArmatureError {
  return reason instanceof ArmatureError
    ? reason
    : new ArmatureError('cancelled', 'The request to another server was cancelled.', { cause: reason });
}

/** A promise that fails with the signal's reason as soon as that aborts; what it stands for may go on for nobody. */
export async function withReason<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return await new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
