import { ArmatureError } from '../../errors.ts';
import type { Job, JobOutput } from '../../generation/job.ts';
import { kindOf } from '../../generation/kinds/kinds.ts';
import { pictureFormats, sniffFormat } from '../../images/format.ts';
import type { ObjectStore } from '../../store/store.ts';
import type { ServedObject } from '../http/send-object.ts';

const unknownType = 'application/octet-stream';

/** Output `index` of a job; `not_found` where it has none, or none yet. */
export function servedOutput(job: Job, index: number): ServedObject {
  return served(job, job.result?.outputs ?? [], index, 'output', `${job.id}-${index}`);
}

/** The map that control `index` of a job used. */
export function servedMap(job: Job, index: number): ServedObject {
  return served(job, job.result?.maps ?? [], index, 'map', `${job.id}-map-${index}`);
}

/**
 * The picture that control `index` of a job was given, or that an extraction is of (index 0), as it came; `not_found` where
 * there is no such control, or where it has structure as data.
 */
export async function servedSource(store: ObjectStore, job: Job, index: number): Promise<ServedObject> {
  const picture = kindOf(job.plan).sources(job.plan)[index] ?? null;
  const found = picture === null ? null : await store.stat(picture.key);
  if (picture === null || found === null) {
    throw new ArmatureError('not_found', `The job ${job.id} has no source picture ${index}.`);
  }
  const { key, sha256 } = picture;
  const format = sniffFormat(await firstBytes(store, key, found.bytes));
  const contentType = format === undefined ? unknownType : pictureFormats[format];
  return {
    key,
    sha256,
    bytes: found.bytes,
    contentType,
    fileName: `${job.id}-source-${index}.${extensionOf(contentType)}`,
  };
}

async function firstBytes(store: ObjectStore, key: string, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await store.read(key, { start: 0, end: Math.min(bytes, 64) - 1 })) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function served(job: Job, files: readonly JobOutput[], index: number, what: string, name: string): ServedObject {
  const file = files[index];
  if (file === undefined) {
    const state = job.status === 'succeeded' ? `it has ${files.length}` : `it is ${job.status}`;
    throw new ArmatureError('not_found', `The job ${job.id} has no ${what} ${index}: ${state}.`);
  }
  return { ...file, fileName: `${name}.${extensionOf(file.contentType)}` };
}

/** What the name of a file of this type ends with. */
export function extensionOf(contentType: string): string {
  return contentType === unknownType ? 'bin' : contentType.replace('image/', '').replace('jpeg', 'jpg');
}
