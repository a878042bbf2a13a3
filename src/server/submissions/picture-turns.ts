import { ArmatureError } from '../../errors.ts';
import { type TurnLimits, Turns } from '../../images/turns.ts';

export interface PictureTurnLimits extends TurnLimits {
  /** Milliseconds that one waits for its turn. */
  readonly patienceMs: number;
}

/**
 * Lets pictures be fetched, looked at and stored a few at a time: what a request of a thousand bytes can bring in is a
 * thousand times as much. In turn, but no tenant more than its share.
 */
export class PictureTurns {
  readonly #turns: Turns;
  readonly #patienceMs: number;

  constructor({ patienceMs, ...limits }: PictureTurnLimits) {
    this.#turns = new Turns(limits);
    this.#patienceMs = patienceMs;
  }

  /**
   * Runs `work` when it is its turn; rejects where `needless` aborts before. @throws ArmatureError `overloaded` where its turn
   * does not come in time.
   */
  async run<T>(tenant: string, needless: AbortSignal, work: () => Promise<T>): Promise<T> {
    const waiting = new AbortController();
    const timer = setTimeout(() => waiting.abort(tooLate(this.#patienceMs)), this.#patienceMs);
    const giveUp = (): void => waiting.abort(needless.reason);
    needless.addEventListener('abort', giveUp);
    const stopWaiting = (): void => {
      clearTimeout(timer);
      needless.removeEventListener('abort', giveUp);
    };
    try {
      needless.throwIfAborted();
      return await this.#turns.run(tenant, waiting.signal, async () => {
        stopWaiting();
        return await work();
      });
    } finally {
      stopWaiting();
    }
  }
}

function tooLate(patienceMs: number): ArmatureError {
  const detail = `Other pictures are brought in, and none of yours got its turn in ${patienceMs / 1000} s: send the request again later.`;
  return new ArmatureError('overloaded', detail, { retryAfter: 5 });
}
