import { findCondition } from '../conditions/registry.ts';
import type { Job } from '../generation/job.ts';
import { parseExtraction, parseGeneration } from '../generation/parse.ts';
import type { OutputFormat, Plan } from '../generation/plan.ts';
import { neededNetworks } from '../generation/needed-networks.ts';
import { defaultPriority } from '../generation/priority.ts';
import { type Resolved, resolveExtraction, resolveGeneration } from '../generation/resolve.ts';
import type { ControlImage, ExtractionRequest, GenerationRequest } from '../generation/request.ts';
import type { IdempotencyClaim } from '../records/idempotency.ts';
import { newJobId } from '../records/ids.ts';
import type { ServerParts } from './parts.ts';
import { type CheckedPicture, checkPicture, refuseUnusedFiles, storePictures } from './pictures.ts';
import type { Submission } from './submission.ts';
import { withFormat } from './with-format.ts';

/** What the headers of a submission add to its body. */
export interface SubmitOptions {
  readonly tenant: string;
  /** Format that the Accept header asks the picture in; null where it leaves that open. */
  readonly format: OutputFormat | null;
  /** Whether the answer is to be one picture. */
  readonly single: boolean;
  /** The key of the request, if it has one: completed with the job. */
  readonly claim?: IdempotencyClaim | undefined;
}

/** Checks a generation to the last field and pixel and records it. */
export async function submitGeneration(
  parts: ServerParts,
  submission: Submission,
  options: SubmitOptions,
): Promise<Job> {
  const request = withFormat(parseGeneration(submission.body), submission.body, options);
  const references = request.controls.map(({ image }) => image);
  refuseUnusedFiles(submission.files, references);
  const models = await parts.library.list();
  const resolve = (pictures: readonly CheckedPicture[]): Resolved<Plan> =>
    resolveGeneration(request, {
      catalog: { models, condition: findCondition },
      defaultModel: parts.settings.defaultModel,
      pictures,
      randomSeed: parts.randomSeed,
      embedParameters: parts.settings.embedParameters,
    });
  const fields = references.map((_, index) => `controls[${index}].image`);
  const pictures = await checkPictures(parts, submission, options.tenant, references, fields);
  return await accept(parts, options, request, resolve(pictures), pictures);
}

/** As {@link submitGeneration}, for the extraction of a map of condition `type`. */
export async function submitExtraction(
  parts: ServerParts,
  type: string,
  submission: Submission,
  options: SubmitOptions,
): Promise<Job> {
  findCondition(type, 'type');
  const request = withFormat(parseExtraction(submission.body), submission.body, options);
  refuseUnusedFiles(submission.files, [request.image]);
  const pictures = await checkPictures(parts, submission, options.tenant, [request.image], ['image']);
  const resolved = resolveExtraction(type, request, findCondition, pictures[0]!);
  return await accept(parts, options, request, resolved, pictures);
}

async function checkPictures(
  { records, store, settings, fetcher }: ServerParts,
  { files }: Submission,
  tenant: string,
  references: readonly ControlImage[],
  fields: readonly string[],
): Promise<readonly CheckedPicture[]> {
  const source = { records, store, tenant, files, fetcher, limits: settings.limits.picture };
  return await Promise.all(
    references.map(async (reference, index) => await checkPicture(reference, fields[index]!, source)),
  );
}

async function accept(
  { records, store, feeder, annotators, tracing }: ServerParts,
  { tenant, claim }: SubmitOptions,
  request: GenerationRequest | ExtractionRequest,
  { plan, warnings }: Resolved<Plan>,
  pictures: readonly CheckedPicture[],
): Promise<Job> {
  for (const { id, field } of neededNetworks(plan, findCondition)) await annotators.require(id, field);
  await storePictures(store, pictures);
  const { metadata = null, priority = defaultPriority } = request;
  const id = newJobId();
  const job = await tracing.span('record job', { attributes: { 'armature.job.id': id } }, async () => {
    return await records.insertJob({
      id,
      tenant,
      plan,
      warnings,
      metadata,
      priority,
      traceParent: tracing.traceParent(),
      ...(claim === undefined ? {} : { claim }),
    });
  });
  // The job is accepted once it is recorded: the feeder brings it to the queue when it is its turn.
  feeder.wake();
  return job;
}
