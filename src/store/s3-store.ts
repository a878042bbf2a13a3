import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { ArmatureError } from '../errors.ts';
import { checkKey, checkPrefix } from './key.ts';
import { isConflict, isMissing, isRefusal, s3Code, s3Error } from './s3-errors.ts';
import type { ListedObject, ObjectStore } from './store.ts';

/** Where objects are. Credentials come from the SDK's default chain: AWS_ variables, files, roles. */
export interface S3Place {
  readonly bucket: string;
  /** What all keys begin with, without a slash at either end; empty for the whole bucket. */
  readonly prefix: string;
  readonly region: string;
  /** Null for Amazon's own. */
  readonly endpoint: string | null;
  /** The bucket in the path of the address, instead of in its host name. */
  readonly forcePathStyle: boolean;
}

export interface S3Timing {
  /** Milliseconds until a connection stands, and until an answer begins: both attempts together. */
  readonly connectTimeout: number;
  readonly answerTimeout: number;
}

/** A store that is away must show as such in about a second. */
const defaultTiming: S3Timing = { connectTimeout: 500, answerTimeout: 1500 };

/** Bytes a millisecond below which a transfer counts as stuck. */
const slowest = 250;

/**
 * Keeps objects in a bucket of S3, or of a server that speaks its protocol. Any number of processes may have it open.
 *
 * @throws ArmatureError `unavailable` where the server does not answer, `invalid_config` where it refuses the credentials
 *   or has no such bucket
 */
export async function openS3Store(place: S3Place, timing: S3Timing = defaultTiming): Promise<ObjectStore> {
  const client = new S3Client({
    region: place.region,
    forcePathStyle: place.forcePathStyle,
    ...(place.endpoint === null ? {} : { endpoint: place.endpoint }),
    maxAttempts: 2,
    requestHandler: { connectionTimeout: timing.connectTimeout },
    // Not every server that speaks S3 knows the checksums that newer clients add by themselves.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const store = objectsIn(client, place, timing.answerTimeout);
  await store.ping().catch((error: unknown) => {
    throw refusedAtStart(error, place);
  });
  return store;
}

function objectsIn(client: S3Client, { bucket, prefix }: S3Place, answerTimeout: number): ObjectStore {
  const root = prefix === '' ? '' : `${prefix}/`;
  const placeOf = (key: string): { readonly Bucket: string; readonly Key: string } => {
    checkKey(key);
    return { Bucket: bucket, Key: root + key };
  };
  const patienceOf = (bytes: number): number => answerTimeout + bytes / slowest;

  const getObject = async (key: string, range?: { readonly start: number; readonly end: number }) => {
    const input = { ...placeOf(key), ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` }) };
    const { Body, ContentLength = 0 } = await within(answerTimeout, key, (abortSignal) =>
      client.send(new GetObjectCommand(input), { abortSignal }),
    );
    // In Node the body is the answer itself.
    return { body: Body as Readable, bytes: ContentLength };
  };

  return {
    async put(key, bytes, contentType) {
      const input = { ...placeOf(key), Body: bytes, ContentType: contentType };
      await within(patienceOf(bytes.length), key, (abortSignal) =>
        afterConflicts(() => client.send(new PutObjectCommand(input), { abortSignal })),
      );
    },
    async get(key) {
      const { body, bytes } = await getObject(key);
      return await within(patienceOf(bytes), key, (abortSignal) => collect(body, abortSignal));
    },
    async stat(key) {
      const input = placeOf(key);
      const found = await within(answerTimeout, key, (abortSignal) =>
        client.send(new HeadObjectCommand(input), { abortSignal }).catch((error: unknown) => {
          if (isMissing(error)) return null;
          throw error;
        }),
      );
      return found === null ? null : { bytes: found.ContentLength ?? 0 };
    },
    async read(key, range) {
      if (range !== undefined && (range.start < 0 || range.start > range.end)) {
        const detail = `Expected a range within ${key} but received ${range.start} to ${range.end}.`;
        throw new ArmatureError('range_not_satisfiable', detail);
      }
      return (await getObject(key, range)).body;
    },
    async delete(key) {
      const input = placeOf(key);
      await within(answerTimeout, key, (abortSignal) => client.send(new DeleteObjectCommand(input), { abortSignal }));
    },
    async deleteAll(folder) {
      checkPrefix(folder);
      // Some of many may fail for no reason of their own, and what was put meanwhile is found by the next pass.
      for (let pass = 1; ; pass += 1) {
        const failure = await deletePass(folder);
        if (failure === null) return;
        if (pass === 3) throw failure;
      }
    },
    async *list(folder) {
      checkPrefix(folder);
      for await (const page of pages(folder)) yield* (page.Contents ?? []).map(listed);
    },
    async ping() {
      await within(answerTimeout, 'anything', (abortSignal) =>
        client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal }),
      );
    },
    room: async () => null,
  };

  /** All objects below a folder, up to a thousand at a time. */
  async function* pages(folder: string): AsyncGenerator<ListObjectsV2CommandOutput> {
    let token: string | undefined;
    do {
      const input = { Bucket: bucket, Prefix: root + folder, ContinuationToken: token };
      const page = await within(patienceOf(2 ** 20), folder, (abortSignal) =>
        client.send(new ListObjectsV2Command(input), { abortSignal }),
      );
      yield page;
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /** Deletes what a listing shows; the first failure of one object does not keep the others. */
  async function deletePass(folder: string): Promise<ArmatureError | null> {
    let failure: ArmatureError | null = null;
    for await (const { Contents = [] } of pages(folder)) {
      if (Contents.length === 0) continue;
      const input = { Bucket: bucket, Delete: { Objects: Contents.map(({ Key }) => ({ Key })), Quiet: true } };
      const { Errors = [] } = await within(patienceOf(2 ** 20), folder, (abortSignal) =>
        client.send(new DeleteObjectsCommand(input), { abortSignal }),
      );
      if (Errors[0] !== undefined) failure ??= s3Error({ name: Errors[0].Code }, Errors[0].Key ?? folder);
    }
    return failure;
  }

  function listed({
    Key = '',
    Size = 0,
    LastModified = new Date(0),
  }: NonNullable<ListObjectsV2CommandOutput['Contents']>[number]): ListedObject {
    return { key: Key.slice(root.length), bytes: Size, modifiedAt: LastModified };
  }
}

/**
 * Tries again what lost a race: a server that keeps its objects in a folder answers 409 to a put while another request
 * deletes the last object beside it, and with it the folder.
 */
async function afterConflicts<T>(operation: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await operation();
    } catch (error) {
      if (!isConflict(error) || tries === 5) throw error;
      await pause(Math.random() * 20 * tries);
    }
  }
}

/** Gives an operation so many milliseconds. What it gave out by then, such as the stream of a body, is no longer watched. */
async function within<T>(patience: number, key: string, operation: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), patience);
  try {
    return await operation(controller.signal);
  } catch (error) {
    throw s3Error(error, key);
  } finally {
    clearTimeout(timer);
  }
}

async function collect(body: Readable, signal: AbortSignal): Promise<Uint8Array> {
  const stop = (): void => void body.destroy(new Error('too slow'));
  signal.addEventListener('abort', stop, { once: true });
  return await buffer(body);
}

function refusedAtStart(error: unknown, { bucket, endpoint }: S3Place): unknown {
  if (!(error instanceof ArmatureError)) return error;
  const where = endpoint === null ? 'Amazon S3' : new URL(endpoint).host;
  const { cause } = error;
  const code = s3Code(cause);
  if (isMissing(cause) || isRefusal(cause)) {
    const detail =
      `The bucket ${bucket} at ${where} cannot be used (${code}). Check --s3-bucket, --s3-region and the credentials ` +
      '(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY).';
    return new ArmatureError('invalid_config', detail, { field: 's3-bucket', cause });
  }
  const detail = `No S3 server answers at ${where} (${code}). Start it, or correct --s3-endpoint.`;
  return new ArmatureError('unavailable', detail, { cause });
}
