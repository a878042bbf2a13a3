import { ArmatureError } from '../errors.ts';
import type { Job, JobOutput } from '../generation/job.ts';
import type { ServedObject } from './send-object.ts';

/** Output `index` of a job; `not_found` where it has none, or none yet. */
export function servedOutput(job: Job, index: number): ServedObject {
  return served(job, job.result?.outputs ?? [], index, 'output', `${job.id}-${index}`);
}

/** The map that control `index` of a job used. */
export function servedMap(job: Job, index: number): ServedObject {
  return served(job, job.result?.maps ?? [], index, 'map', `${job.id}-map-${index}`);
}

function served(job: Job, files: readonly JobOutput[], index: number, what: string, name: string): ServedObject {
  const file = files[index];
  if (file === undefined) {
    const state = job.status === 'succeeded' ? `it has ${files.length}` : `it is ${job.status}`;
    throw new ArmatureError('not_found', `The job ${job.id} has no ${what} ${index}: ${state}.`);
  }
  const extension = file.contentType.replace('image/', '').replace('jpeg', 'jpg');
  return { ...file, fileName: `${name}.${extension}` };
}
