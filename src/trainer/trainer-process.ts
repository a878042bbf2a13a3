import { type ChildProcess, fork } from 'node:child_process';
import { wasToldToEnd } from '../children/told-to-end.ts';
import { ArmatureError, deserializeError } from '../errors.ts';
import type { TrainingEvent } from '../training/contract/training-event.ts';
import type { FromTrainer, StartTraining, ToTrainer } from './protocol.ts';

/** Milliseconds in which a training that is to stop writes its checkpoint, beside the batch that runs. */
const stopPatience = 20_000;
/** The same of one that is paused: there is no hurry. */
const pausePatience = 600_000;

export interface TrainerOptions {
  /** Of a signal that aborts: whether with time for all that was learnt to be kept. */
  readonly pause: AbortSignal;
  /** It ends with what it has. */
  readonly finish: AbortSignal;
  /** The child's entry file; by default the built main.js beside this file. */
  readonly entry?: URL;
  /** In order; the training waits for each. What it throws ends the training. */
  readonly onEvent: (event: TrainingEvent) => Promise<void>;
  readonly onStart?: (pid: number) => void;
}

/**
 * Trains in a process of its own, of low priority: its memory goes when it ends, a picture never waits for it, and what it runs out of takes nothing with it.
 *
 * @throws ArmatureError `training_lost` where the process died, and what the training throws; the reason of `signal` where that aborted: the checkpoint that it stops
 *   with has been told of by then, if there was time for one.
 */
export async function trainApart(
  start: StartTraining,
  signal: AbortSignal,
  { entry = new URL('./main.js', import.meta.url), onEvent, onStart, pause, finish }: TrainerOptions,
): Promise<void> {
  signal.throwIfAborted();
  const child = fork(entry, { serialization: 'advanced', execArgv: [] });
  if (child.pid !== undefined) onStart?.(child.pid);
  const ending = endOf(child, onEvent);
  let patience: NodeJS.Timeout | undefined;
  const stop = (): void => {
    send(child, { type: 'stop' });
    patience = setTimeout(() => child.kill('SIGKILL'), pause.aborted ? pausePatience : stopPatience);
  };
  const finishNow = (): void => send(child, { type: 'finish' });
  signal.addEventListener('abort', stop, { once: true });
  finish.addEventListener('abort', finishNow, { once: true });
  try {
    send(child, { type: 'start', start });
    if (finish.aborted) finishNow();
    await ending;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', stop);
    finish.removeEventListener('abort', finishNow);
    clearTimeout(patience);
    child.kill('SIGKILL');
  }
}

async function endOf(child: ChildProcess, onEvent: TrainerOptions['onEvent']): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    // What it says is taken note of in its order, and each before the next.
    let noted = Promise.resolve();
    const note = async (event: TrainingEvent): Promise<void> => {
      await onEvent(event);
      send(child, { type: 'noted' });
    };
    child.on('message', (message: FromTrainer) => {
      if (message.type === 'done') resolve();
      else if (message.type === 'failed') reject(deserializeError(message.error));
      else noted = noted.then(async () => await note(message.event)).catch(reject);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => reject(lost(code, signal)));
  });
}

/** A failed send is followed by the child's end. */
function send(child: ChildProcess, message: ToTrainer): void {
  if (child.connected) child.send(message, () => undefined);
}

function lost(code: number | null, signal: string | null): ArmatureError {
  const how = signal ?? `exit code ${code}`;
  if (wasToldToEnd(signal)) return new ArmatureError('unavailable', `The training process was told to end (${how}).`);
  const detail = `The training process ended (${how}) while it worked. It goes on from the last checkpoint; where that happens again and again, memory may be too small: ask for a smaller batch.`;
  return new ArmatureError('training_lost', detail);
}
