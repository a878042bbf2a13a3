import { setTimeout as pause } from 'node:timers/promises';
import { ArmatureError } from '../../errors.ts';
import { inForeground } from './background.ts';

/** Inputs that one statement takes at most. */
const largest = 100;
/** Milliseconds between the end of a call and the beginning of the next: what comes in between shares it. */
const restMs = 2;

interface Asked<Input, Output> {
  readonly input: Input;
  readonly resolve: (output: Output) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes one call of many: what is asked for in one turn of the event loop, and while a call is out, goes into the next call
 * of `run`, which answers in the order of its inputs. A statement costs nearly the same for thirty rows as for one, so that a
 * busy server gets cheaper by the request, and an idle one waits for nothing. No input joins a call that has begun: it sees
 * all that was written before it was asked for.
 */
export function gather<Input, Output>(
  run: (inputs: readonly Input[]) => Promise<readonly Output[]>,
): (input: Input) => Promise<Output> {
  const waiting: Asked<Input, Output>[] = [];
  let running = false;
  const send = async (): Promise<void> => {
    running = true;
    while (waiting.length > 0) {
      await answer(waiting.splice(0, largest), run);
      await pause(restMs);
    }
    running = false;
  };
  return async (input) =>
    await new Promise<Output>((resolve, reject) => {
      waiting.push({ input, resolve, reject });
      if (!running && waiting.length === 1) setImmediate(() => void inForeground(send));
    });
}

async function answer<Input, Output>(
  asked: readonly Asked<Input, Output>[],
  run: (inputs: readonly Input[]) => Promise<readonly Output[]>,
): Promise<void> {
  try {
    const outputs = await run(asked.map(({ input }) => input));
    asked.forEach(({ resolve }, index) => resolve(outputs[index]!));
  } catch (error) {
    // An outage is everyone's; anything else may be the fault of one of them, which has to fail alone.
    if (asked.length === 1 || error instanceof ArmatureError) for (const { reject } of asked) reject(error);
    else await Promise.all(asked.map(async (one) => await answer([one], run)));
  }
}
