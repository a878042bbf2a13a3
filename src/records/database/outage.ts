import { ArmatureError } from '../../errors.ts';

/** SQLSTATE classes and codes that say: not now. 08 connection, 57P shutdown and start, 53300 too many connections. */
const outageStates = /^(08...|57P0[1235]|57014|53300|55P03|25P0[34])$/;
const outageCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);
/** pg gives these no code. */
const outageMessages =
  /connection terminated|timeout exceeded when trying to connect|query read timeout|not queryable/i;

/** Whether an error of the database driver means that the database is away, rather than that the statement is wrong. */
export function isOutage(error: unknown): boolean {
  if (error instanceof AggregateError) {
    return error.errors.some(isOutage);
  }
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && (outageCodes.has(code) || outageStates.test(code))) {
    return true;
  }
  return typeof message === 'string' && outageMessages.test(message);
}

/** What records throw in place of a driver's error. */
export function recordsError(error: unknown): unknown {
  if (isOutage(error)) {
    return new ArmatureError('unavailable', 'The database does not answer. Try again in a few seconds.', {
      cause: error,
    });
  }
  if ((error as { code?: unknown }).code === '53100') {
    return new ArmatureError('storage_full', "The database's disk is full. Make room, then try again.", {
      cause: error,
    });
  }
  return error;
}

/**
 * What BullMQ is given in place of a driver's error. It waits and tries again for ECONNREFUSED alone; after any other error,
 * such as "the database system is starting up", it would ask again at once and without end.
 */
export function queueError(error: unknown): unknown {
  if (!isOutage(error)) {
    return error;
  }
  return Object.assign(
    new Error(`The queue's database does not answer: ${(error as Error).message}`, { cause: error }),
    {
      code: 'ECONNREFUSED',
    },
  );
}
