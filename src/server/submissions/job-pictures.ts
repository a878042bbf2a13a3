import { ArmatureError } from '../../errors.ts';
import type { Job, JobOutput } from '../../generation/job.ts';
import { controlsOf } from '../../generation/kinds/job-controls.ts';
import type { MapOrigin } from '../../generation/job-kind.ts';
import { kindOf } from '../../generation/kinds/kinds.ts';
import { extractedWith } from '../../generation/planned-control.ts';
import type { StoredPicture } from '../../generation/plan-references.ts';
import { jsonBytes, newInput, type NewObject } from './inputs.ts';
import type { CheckedPicture, PictureSource } from './picture-source.ts';

/** A map or an output of an earlier job. */
export type JobPictureReference =
  | { readonly generation: string; readonly map: number }
  | { readonly generation: string; readonly output: number };

/**
 * A picture that an earlier job of the tenant made, copied into the tenant's inputs: it stays when that job is deleted.
 * `invalid_request` where there is no such job or picture.
 */
export async function pictureOfJob(
  reference: JobPictureReference,
  field: string,
  source: PictureSource,
): Promise<CheckedPicture> {
  const job = await source.records.findJob(source.tenant, reference.generation);
  if (job === null) {
    const detail = `There is no generation ${JSON.stringify(reference.generation.slice(0, 100))}.`;
    throw new ArmatureError('invalid_request', detail, { field: `${field}.generation` });
  }
  const { file, origin } = 'map' in reference ? mapOf(job, reference.map) : outputOf(job, reference.output);
  if (file === undefined) throw missingFile(job, reference, field);
  const picture = await newInput(
    source.tenant,
    await read(file, reference.generation, field, source),
    file.contentType,
  );
  const { width, height } = file;
  const data = file.data === undefined ? null : await newInput(source.tenant, jsonBytes(file.data), 'application/json');
  const stored: StoredPicture | null = data?.stored ?? null;
  const objects: readonly NewObject[] = data === null ? [picture] : [picture, data];
  const map = origin === null ? null : { ...origin, data: stored };
  return { stored: picture.stored, width, height, structure: null, map, objects };
}

/** A file of a job, and what it is a map of; null for a picture. */
interface JobFile {
  readonly file: JobOutput | undefined;
  readonly origin: MapOrigin | null;
}

function mapOf(job: Job, map: number): JobFile {
  const control = controlsOf(job).find(({ index }) => index === map);
  if (control === undefined) return { file: undefined, origin: null };
  const { type, source } = control.plan;
  return { file: control.map ?? undefined, origin: { condition: type, options: extractedWith(source) } };
}

function outputOf({ plan, result }: Job, index: number): JobFile {
  return { file: result?.outputs[index], origin: kindOf(plan).outputsAreMapsOf(plan) };
}

function missingFile({ id, status, result }: Job, reference: JobPictureReference, field: string): ArmatureError {
  const [what, index] =
    'map' in reference ? (['map', reference.map] as const) : (['output', reference.output] as const);
  const count = (what === 'map' ? result?.maps : result?.outputs)?.length ?? 0;
  const state = status === 'succeeded' ? `it has ${count}` : `it is ${status}`;
  const detail = `The job ${id} has no ${what} ${index}: ${state}.`;
  return new ArmatureError('invalid_request', detail, { field: `${field}.${what}` });
}

async function read(file: JobOutput, id: string, field: string, { store, memory }: PictureSource): Promise<Uint8Array> {
  memory.add(file.bytes);
  try {
    return await store.get(file.key);
  } catch (cause) {
    if (!(cause instanceof ArmatureError) || cause.code !== 'not_found') throw cause;
    const detail = `The job ${id} was deleted in the meantime.`;
    throw new ArmatureError('invalid_request', detail, { field: `${field}.generation`, cause });
  }
}
