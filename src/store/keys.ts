import type { OutputFormat } from '../generation/request/choices.ts';

/** Names of objects. Everything of a tenant lies under one prefix, everything of an attempt under one more. */
interface Attempt {
  readonly tenant: string;
  readonly id: string;
  readonly attempt: number;
}

export function jobPrefix({ tenant, id }: { readonly tenant: string; readonly id: string }): string {
  return `tenants/${tenant}/generations/${id}/`;
}

export function attemptPrefix(job: Attempt): string {
  return `${jobPrefix(job)}${job.attempt}/`;
}

export function outputKey(job: Attempt, index: number, format: OutputFormat): string {
  return `${attemptPrefix(job)}${index}.${extension(format)}`;
}

export function mapKey(job: Attempt, index: number): string {
  return `${attemptPrefix(job)}maps/${index}.png`;
}

/** Where the drawing of one attempt left off. Outside the attempt's own prefix: the next attempt needs it. */
export function checkpointKey(job: Attempt): string {
  return `${checkpointPrefix(job)}${job.attempt}`;
}

export function checkpointPrefix(job: { readonly tenant: string; readonly id: string }): string {
  return `${jobPrefix(job)}checkpoints/`;
}

/** Where the pictures lie that show how far a training is. */
export function lookPrefix(job: { readonly tenant: string; readonly id: string }): string {
  return `${jobPrefix(job)}looks/`;
}

/** Pictures that came with a request: content-addressed, so that the same picture is kept once. */
export function inputKey(tenant: string, sha256: string): string {
  return `tenants/${tenant}/inputs/${sha256}`;
}

export function uploadKey(tenant: string, sha256: string): string {
  return `tenants/${tenant}/uploads/${sha256}`;
}

/** What names a training set that was sent. Its objects lie below it. */
export function setKey(tenant: string, id: string): string {
  return `tenants/${tenant}/sets/${id}`;
}

/** Piece `index` of a set, as its sender number `writer` left it: no two senders ever write to the same object. */
export function setPartKey(set: string, index: number, writer: number): string {
  return `${set}/${index}.${writer}`;
}

/** Where the files of a model lie that was made here. */
export function modelPrefix({ tenant, id }: { readonly tenant: string; readonly id: string }): string {
  return `tenants/${tenant}/models/${id}/`;
}

function extension(format: OutputFormat): string {
  return format === 'jpeg' ? 'jpg' : format;
}
