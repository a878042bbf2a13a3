/**
 * Every failure that a user can meet has a code, an HTTP status and a title. The table is documented in docs/api.md and
 * tested in both directions.
 */
export const errorCodes = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  not_supported_yet: { status: 400, title: 'This part of the contract is not built yet' },
  unknown_model: { status: 400, title: 'There is no such model' },
  model_missing: { status: 409, title: 'A model has to be pulled first' },
  unknown_condition: { status: 400, title: 'There is no such condition' },
  incompatible_autoencoder: { status: 400, title: 'The autoencoder does not fit the base model' },
  incompatible_control: { status: 400, title: 'The ControlNet does not fit the base model' },
  incompatible_lora: { status: 400, title: 'The LoRA does not fit the base model' },
  incompatible_embedding: { status: 400, title: 'The embedding does not fit the base model' },
  invalid_image: { status: 400, title: 'The picture cannot be read' },
  image_too_large: { status: 413, title: 'The picture is too large' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  payload_too_large: { status: 413, title: 'The request is too large' },
  uri_too_long: { status: 414, title: 'The address is too long' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported' },
  not_acceptable: { status: 406, title: 'None of the accepted media types can be given' },
  unauthorized: { status: 401, title: 'An API key is needed' },
  forbidden: { status: 403, title: 'This may not be done' },
  quota_exceeded: { status: 429, title: 'The quota is spent' },
  too_many_queued: { status: 429, title: 'Too many of your jobs wait' },
  rate_limited: { status: 429, title: 'Too many requests' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'This method is not allowed here' },
  conflict: { status: 409, title: 'The resource is in another state' },
  idempotency_in_progress: { status: 409, title: 'The first request with this idempotency key is not answered yet' },
  idempotency_mismatch: { status: 422, title: 'The idempotency key was used with another request' },
  range_not_satisfiable: { status: 416, title: 'The range lies outside the resource' },
  model_invalid: { status: 422, title: 'The model cannot be used' },
  invalid_set: { status: 422, title: 'The training set cannot be used' },
  training_diverged: { status: 422, title: 'The training left the range of numbers' },
  fetch_refused: { status: 400, title: 'The address may not be asked' },
  fetch_failed: { status: 422, title: 'The address gives no usable answer' },
  blank_map: { status: 422, title: 'The map shows nothing to steer by' },
  unlikely_map: { status: 422, title: 'The map is not what its condition expects' },
  prompt_too_long: { status: 422, title: 'The prompt is longer than the text encoder reads' },
  cancelled: { status: 409, title: 'The job was cancelled' },
  device_lost: { status: 500, title: 'The device process ended while it drew' },
  out_of_memory: { status: 500, title: 'The device ran out of memory' },
  worker_lost: { status: 500, title: 'Worker after worker ended while it had the job' },
  training_lost: { status: 500, title: 'The training process ended while it worked' },
  extractor_lost: { status: 500, title: 'The extractor process ended while it worked' },
  queue_full: { status: 503, title: 'The queue is full' },
  overloaded: { status: 503, title: 'The service has too much to do at once' },
  unavailable: { status: 503, title: 'The service is not ready' },
  newer_release: { status: 503, title: 'A newer release wrote this' },
  storage_full: { status: 507, title: 'There is no room left for the result' },
  invalid_config: { status: 500, title: 'The configuration is not valid' },
  data_in_use: { status: 500, title: 'The data folder is in use' },
  data_damaged: { status: 500, title: 'The database is damaged' },
  internal: { status: 500, title: 'Something went wrong inside' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorOptions {
  readonly cause?: unknown;
  /** Where in the request the fault lies: a path such as `controls[0].scale`. */
  readonly field?: string;
  /** What would have been accepted, when that is a short list. */
  readonly choices?: readonly string[];
  /** Whole seconds after which it is worth trying again. */
  readonly retryAfter?: number;
  /** Everything that is wrong, where it is more than one thing. */
  readonly errors?: readonly FieldError[];
}

/** One of several things that are wrong with a request. */
export interface FieldError {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly field: string;
}

/**
 * An error that may be shown to a user. `detail` is one sentence or two that say what was expected, what came and what
 * to do.
 */
export class ArmatureError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly choices: readonly string[] | undefined;
  readonly retryAfter: number | undefined;
  readonly errors: readonly FieldError[] | undefined;

  constructor(code: ErrorCode, detail: string, options: ErrorOptions = {}) {
    super(detail, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'ArmatureError';
    this.code = code;
    this.field = options.field;
    this.choices = options.choices;
    this.retryAfter = options.retryAfter;
    this.errors = options.errors;
  }

  get status(): number {
    return errorCodes[this.code].status;
  }

  get title(): string {
    return errorCodes[this.code].title;
  }
}

/** What crosses a process border or is kept in a job record. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly field?: string;
}

export function serializeError(error: unknown): SerializedError {
  if (error instanceof ArmatureError) {
    return { code: error.code, detail: error.message, ...(error.field === undefined ? {} : { field: error.field }) };
  }
  return { code: 'internal', detail: 'An unexpected error ended the work. The log of the server says more.' };
}

export function deserializeError(error: SerializedError): ArmatureError {
  return new ArmatureError(error.code, error.detail, error.field === undefined ? {} : { field: error.field });
}

/** What the system answers about files and streams, in words. */
const systemReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user may not do that',
  EPERM: 'this user may not do that',
  EISDIR: 'there is a folder of that name',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EEXIST: 'there is something of that name already',
  ENOTEMPTY: 'there is a folder of that name, with files in it',
  ENOSPC: 'no room is left on the disk',
  EDQUOT: 'no room is left of the quota on the disk',
  EFBIG: 'a file may not be that large there',
  EROFS: 'the file system is read-only',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  EINVAL: 'the name or the place does not allow it',
  EMFILE: 'this process has too many files open',
  ENFILE: 'the machine has too many files open',
  EBUSY: 'another program has it in use',
  ETXTBSY: 'another program has it in use',
  EXDEV: 'it lies on another file system',
  ENXIO: 'it is a device or a pipe that nobody serves',
  EIO: 'the disk reports an error',
  ENOMEM: 'no memory is left',
  EPIPE: 'nobody reads it any more',
};

/** Whether an error is one of the system with one of these codes, such as `ENOENT`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** Why the system refused something, in words that follow "cannot be read: "; null for what is no error of the system. */
export function systemReason(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error && 'errno' in error ? String(error.code) : null;
  return code === null ? null : (systemReasons[code] ?? `the system says ${code}`);
}
