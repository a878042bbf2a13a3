import { ArmatureError } from '../../errors.ts';
import type { AnswerHead } from '../../fetch/fetcher.ts';
import { retryAfterMs } from '../../fetch/retry-after.ts';

/** Longest time that a hub may have us wait, in milliseconds. */
const longestWait = 120_000;

/** An answer of the hub that brought nothing. */
class HubError extends ArmatureError {
  readonly httpStatus: number;
  /** Milliseconds, where the hub says when to come again. */
  readonly waitMs: number | null;

  constructor(code: 'fetch_failed' | 'unknown_model', detail: string, httpStatus: number, waitMs: number | null) {
    super(code, detail, { field: 'model' });
    this.httpStatus = httpStatus;
    this.waitMs = waitMs;
  }
}

/** What a status of the hub means to whoever pulls: `unknown_model`, or `fetch_failed`. */
export function answerError({ status, headers }: AnswerHead, repo: string, path: string | null): ArmatureError {
  const what = path === null ? repo : `${path} of ${repo}`;
  const asked = retryAfterMs(headers['retry-after'], Date.now());
  const after = asked === null ? null : Math.min(longestWait, asked);
  const said = headers['x-error-code'];
  if (status === 401 || status === 403) {
    const gated = said === 'GatedRepo' ? ' Its terms have to be accepted on the hub first.' : '';
    const detail =
      `The hub does not give ${what} to everybody (${status}), or it does not exist.${gated} Set ARMATURE_HUB_TOKEN to a ` +
      'token that may read it.';
    return new HubError('fetch_failed', detail, status, null);
  }
  if (status === 404) {
    const missing = said === 'RevisionNotFound' ? `that revision of ${repo}` : what;
    return new HubError('unknown_model', `The hub has no ${missing}.`, status, null);
  }
  const again = status === 429 || status === 503 ? ' It has too much to do; try again later.' : '';
  return new HubError('fetch_failed', `The hub answers with the status ${status} for ${what}.${again}`, status, after);
}

/** Whether the same request may well succeed in a while. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof ArmatureError) || error.code !== 'fetch_failed') return false;
  return !(error instanceof HubError) || error.httpStatus === 429 || error.httpStatus >= 500;
}

/** What a hub that cannot be reached at all may need, said behind the failure; any other error as it is. */
export function withAdvice(error: unknown): unknown {
  if (!(error instanceof ArmatureError) || error instanceof HubError) return error;
  const advice =
    'Where there is no way to it, name another hub or a mirror with --hub (ARMATURE_HUB), or a proxy with HTTPS_PROXY.';
  return new ArmatureError(error.code, `${error.message} ${advice}`, {
    cause: error,
    ...(error.field === undefined ? {} : { field: error.field }),
  });
}

/** Milliseconds that the hub asked to wait, or null. */
export function retryAfter(error: unknown): number | null {
  return error instanceof HubError ? error.waitMs : null;
}
