const signals = ['SIGINT', 'SIGTERM'] as const;

export interface Interruption {
  /** Aborts with the first SIGINT or SIGTERM; the second one ends the process at once. */
  readonly signal: AbortSignal;
  /** Gives the signals back to Node. */
  readonly release: () => void;
}

let first: NodeJS.Signals | null = null;

/** The signal that this process was told to stop by; null where none came. */
export function interruptedBy(): NodeJS.Signals | null {
  return first;
}

export function interruption(): Interruption {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(codeOfSignal(name));
    first ??= name;
    controller.abort();
  };
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    release() {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}

/** Resolves with the first SIGINT or SIGTERM, of which an {@link Interruption} tells. From then on another one ends the process at once. */
export async function untilInterrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** The exit code of a process that a signal ended: 128 and its number. */
export function codeOfSignal(signal: NodeJS.Signals): number {
  return signal === 'SIGTERM' ? 143 : 130;
}
