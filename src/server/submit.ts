import { findCondition } from '../conditions/registry.ts';
import { cost } from '../generation/cost.ts';
import type { Job } from '../generation/job.ts';
import type { ModelList } from '../generation/catalog.ts';
import type { GivenControl } from '../generation/given-picture.ts';
import { parseExtraction, parseGeneration } from '../generation/parse.ts';
import type { GenerationPlan, OutputFormat, Plan } from '../generation/plan.ts';
import { defaultPriority } from '../generation/priority.ts';
import { type Resolved, resolveExtraction, resolveGeneration } from '../generation/resolve.ts';
import type { WebhookTarget } from '../generation/webhook.ts';
import type { ExtractionRequest, GenerationRequest } from '../generation/request.ts';
import type { IdempotencyClaim } from '../records/idempotency.ts';
import { newJobId } from '../records/ids.ts';
import type { ServerParts } from './parts.ts';
import { whilePicturesAreKept } from './keep-pictures.ts';
import { checkControl, type CheckedPicture, checkPicture, type PictureSource, refuseUnusedFiles } from './pictures.ts';
import type { Submission } from './submission.ts';
import { webhookTarget } from './webhook-target.ts';
import { withFormat } from './with-format.ts';

/** What the headers of a submission add to its body. */
export interface SubmitOptions {
  readonly tenant: string;
  /** Format that the Accept header asks the picture in; null where it leaves that open. */
  readonly format: OutputFormat | null;
  /** Whether the answer is to be one picture. */
  readonly single: boolean;
  /** Charges the cost of what is about to be recorded; returns how to give it back. */
  readonly charge: (cost: number) => Promise<() => Promise<void>>;
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
  refuseUnusedFiles(
    submission.files,
    request.controls.flatMap(({ image, mask }) => (mask === undefined ? [image] : [image, mask])),
  );
  const source = pictureSource(parts, submission, options.tenant);
  const given = await Promise.all(
    request.controls.map(
      async (control, index) =>
        await checkControl(
          control,
          `controls[${index}]`,
          async (reference, field) => await checkPicture(reference, field, source),
        ),
    ),
  );
  const pictures = given.flatMap(({ picture, region }) => (region === null ? [picture] : [picture, region]));
  const plan = async (models: ModelList) => await planGeneration(parts, request, models, given);
  return await accept(parts, options, request, await parts.library.ask(plan), pictures);
}

/** Resolves a request whose pictures are known, and refuses what this installation has no networks for. */
export async function planGeneration(
  { settings, randomSeed, annotators }: ServerParts,
  request: GenerationRequest,
  models: ModelList,
  given: readonly GivenControl[],
): Promise<Resolved<GenerationPlan>> {
  const resolved = resolveGeneration(request, {
    catalog: { models, condition: findCondition },
    defaultModel: settings.defaultModel,
    given,
    randomSeed,
    embedParameters: settings.embedParameters,
  });
  await annotators.requireFor(resolved.plan);
  return resolved;
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
  const picture = await checkPicture(request.image, 'image', pictureSource(parts, submission, options.tenant));
  const resolved = resolveExtraction(type, request, findCondition, picture);
  await parts.annotators.requireFor(resolved.plan);
  return await accept(parts, options, request, resolved, [picture]);
}

function pictureSource(
  { records, store, settings, fetcher }: ServerParts,
  { files }: Submission,
  tenant: string,
): PictureSource {
  return { records, store, tenant, files, fetcher, limits: settings.limits.picture };
}

async function accept(
  parts: ServerParts,
  options: SubmitOptions,
  request: GenerationRequest | ExtractionRequest,
  resolved: Resolved<Plan>,
  pictures: readonly CheckedPicture[],
): Promise<Job> {
  const webhook = await webhookTarget(parts, request.webhook);
  const giveBack = await options.charge(cost(resolved.plan));
  try {
    return await record(parts, { ...options, webhook }, request, resolved, pictures);
  } catch (error) {
    await giveBack().catch((err: unknown) =>
      parts.log.warn({ err }, 'the cost of a job that was not recorded stays charged'),
    );
    throw error;
  }
}

async function record(
  parts: ServerParts,
  { tenant, claim, webhook }: SubmitOptions & { readonly webhook: WebhookTarget | null },
  request: GenerationRequest | ExtractionRequest,
  { plan, warnings }: Resolved<Plan>,
  pictures: readonly CheckedPicture[],
): Promise<Job> {
  const { records, feeder, tracing } = parts;
  const { metadata = null, priority = defaultPriority } = request;
  const id = newJobId();
  const write = async (): Promise<Job> =>
    await records.insertJob({
      id,
      tenant,
      plan,
      warnings,
      metadata,
      priority,
      webhook,
      traceParent: tracing.traceParent(),
      ...(claim === undefined ? {} : { claim }),
    });
  const job = await whilePicturesAreKept(parts, tenant, pictures, () =>
    tracing.span('record job', { attributes: { 'armature.job.id': id } }, write),
  );
  // The job is accepted once it is recorded: the feeder brings it to the queue when it is its turn.
  feeder.wake();
  return job;
}
