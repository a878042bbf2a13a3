import { ArmatureError } from '../errors.ts';

const outageCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
]);
/** What ioredis says where it gives no code, and what a Redis says that can't serve now. */
const outageMessages =
  /^(Connection is closed|Stream isn't writeable|Command timed out|Reached the max retries)|^(LOADING|READONLY|OOM|MISCONF|CLUSTERDOWN|MASTERDOWN|TRYAGAIN)\b/;

export function isQueueOutage(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return (
    (typeof code === 'string' && outageCodes.has(code)) || (typeof message === 'string' && outageMessages.test(message))
  );
}

/** Runs an operation of the queue; trouble with its engine becomes ArmatureError `unavailable`. */
export async function orUnavailable<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    if (isQueueOutage(error)) {
      throw new ArmatureError('unavailable', 'The queue does not answer. Try again in a few seconds.', {
        cause: error,
      });
    }
    throw error;
  }
}
