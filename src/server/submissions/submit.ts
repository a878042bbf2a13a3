import type { Job } from '../../generation/job.ts';
import { catalogOf, type ModelList } from '../../generation/catalog.ts';
import { type GivenPictures, givenPictures, referencesOf } from '../../generation/given-pictures.ts';
import { parseExtraction, parseGeneration } from '../../generation/parse.ts';
import type { GenerationPlan, OutputFormat, Plan } from '../../generation/plan.ts';
import { defaultPriority } from '../../generation/priority.ts';
import { resolveExtraction } from '../../generation/kinds/extraction/resolve.ts';
import { kindOf } from '../../generation/kinds/kinds.ts';
import { resolveGeneration } from '../../generation/resolve.ts';
import type { Resolved } from '../../generation/resolved.ts';
import type { WebhookTarget } from '../../generation/webhook.ts';
import type { ExtractionRequest, GenerationRequest } from '../../generation/request.ts';
import type { IdempotencyClaim } from '../../records/jobs/idempotency.ts';
import { newJobId } from '../../records/schema/ids.ts';
import type { ServerParts } from '../parts/parts.ts';
import type { SharedPictures } from './shared-pictures.ts';
import { type Intake, needsFetching, picturesOf } from './intake.ts';
import { isFetched, refuseUnusedFiles } from './pictures.ts';
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
  /** Bounds what is fetched. */
  readonly intake: Intake;
  /** The key of the request, if it has one: completed with the job. */
  readonly claim: IdempotencyClaim | undefined;
}

/** Everything of a request is known and checked. */
interface AcceptOptions extends SubmitOptions {
  readonly webhook: WebhookTarget | null;
}

/** Checks a generation to the last field and pixel and records it. */
export async function submitGeneration(
  parts: ServerParts,
  submission: Submission,
  options: SubmitOptions,
): Promise<Job> {
  const request = withFormat(parseGeneration(submission.body), submission.body, options);
  refuseUnusedFiles(submission.files, referencesOf(request));
  const pictures = picturesOf(parts, submission.files, options.tenant, options.intake);
  return await pictures.keptWhile(async () => {
    const resolve = async (check: SharedPictures['check']): Promise<Resolved<GenerationPlan>> => {
      const given = await givenPictures(request, { check, look: pictures.look });
      return await parts.library
        .of(options.tenant)
        .ask(async (models) => await planGeneration(parts, request, models, given));
    };
    // All that can be refused without asking anybody is refused first.
    const near = await resolve(pictures.checkNear);
    const webhook = await webhookTarget(parts, request.webhook);
    const resolved = needsFetching(request) ? await resolve(pictures.check) : near;
    return await accept(parts, { ...options, webhook }, request, resolved);
  });
}

/** Resolves a request whose pictures are known, and refuses what this installation has no networks for. */
export async function planGeneration(
  { settings, randomSeed, annotators }: ServerParts,
  request: GenerationRequest,
  models: ModelList,
  given: GivenPictures,
): Promise<Resolved<GenerationPlan>> {
  const resolved = resolveGeneration(request, {
    catalog: catalogOf(models),
    defaultModel: settings.defaultModel,
    given: given.controls,
    init: given.init,
    mask: given.mask,
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
  const { condition } = await parts.library.of(options.tenant).ask((models) => {
    const catalog = catalogOf(models);
    catalog.condition(type, 'type');
    return catalog;
  });
  const request = withFormat(parseExtraction(submission.body), submission.body, options);
  refuseUnusedFiles(submission.files, [request.image]);
  const pictures = picturesOf(parts, submission.files, options.tenant, options.intake);
  return await pictures.keptWhile(async () => {
    const resolve = async (check: SharedPictures['check']): Promise<Resolved<Plan>> => {
      const resolved = resolveExtraction(type, request, condition, await check(request.image, 'image'));
      await parts.annotators.requireFor(resolved.plan);
      return resolved;
    };
    const near = await resolve(pictures.checkNear);
    const webhook = await webhookTarget(parts, request.webhook);
    const resolved = isFetched(request.image) ? await resolve(pictures.check) : near;
    return await accept(parts, { ...options, webhook }, request, resolved);
  });
}

async function accept(
  parts: ServerParts,
  options: AcceptOptions,
  request: GenerationRequest | ExtractionRequest,
  resolved: Resolved<Plan>,
): Promise<Job> {
  const giveBack = await options.charge(kindOf(resolved.plan).cost(resolved.plan));
  try {
    return await record(parts, options, request, resolved);
  } catch (error) {
    await giveBack().catch((err: unknown) =>
      parts.log.warn({ err }, 'the cost of a job that was not recorded stays charged'),
    );
    throw error;
  }
}

async function record(
  parts: ServerParts,
  { tenant, claim, webhook }: AcceptOptions,
  request: GenerationRequest | ExtractionRequest,
  { plan, warnings }: Resolved<Plan>,
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
  const job = await tracing.span('record job', { attributes: { 'armature.job.id': id } }, write);
  // The job is accepted once it is recorded: the feeder brings it to the queue when it is its turn.
  feeder.wake();
  return job;
}
