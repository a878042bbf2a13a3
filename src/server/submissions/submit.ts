import type { Job } from '../../generation/job.ts';
import { catalogOf } from '../../generation/catalog.ts';
import type { ModelList } from '../../generation/models/model-list.ts';
import {
  type GivenPictures,
  givenPictures,
  type PictureReading,
  referencesOf,
} from '../../generation/given-pictures.ts';
import type { Door } from '../../generation/door.ts';
import { parseExtraction, parseGeneration } from '../../generation/parse.ts';
import { laneOf } from '../../generation/lanes.ts';
import type { GenerationPlan, Plan } from '../../generation/plan.ts';
import type { OutputFormat } from '../../generation/request/choices.ts';
import { defaultPriority } from '../../generation/request/priority.ts';
import { resolveExtraction } from '../../generation/kinds/extraction/resolve.ts';
import { kindOf } from '../../generation/kinds/kinds.ts';
import { resolveGeneration } from '../../generation/resolve.ts';
import type { Resolved } from '../../generation/resolved.ts';
import type { WebhookTarget } from '../../generation/request/webhook.ts';
import type { ControlImage } from '../../generation/request/control-image.ts';
import type { ExtractionRequest } from '../../generation/request/extraction.ts';
import type { GenerationRequest } from '../../generation/request/generation.ts';
import type { UsageWindow } from '../../records/access/usage.ts';
import type { IdempotencyClaim } from '../../records/jobs/idempotency.ts';
import { newJobId } from '../../records/schema/ids.ts';
import type { ServerParts } from '../parts/parts.ts';
import { type Intake, picturesOf } from './intake.ts';
import { isFetched, refuseUnusedFiles } from './pictures.ts';
import type { Submission } from './submission.ts';
import { webhookTarget } from './webhook-target.ts';
import { withFormat } from './with-format.ts';

/** What the headers of a submission add to its body. */
export interface SubmitOptions {
  readonly tenant: string;
  /** By which way the request came. */
  readonly door: Door;
  /** Format that the Accept header asks the picture in; null where it leaves that open. */
  readonly format: OutputFormat | null;
  /** Whether the answer is to be one picture. */
  readonly single: boolean;
  /** Charges the cost of what is about to be recorded; returns how to give it back. */
  readonly charge: (cost: number) => Promise<() => Promise<void>>;
  /** To what that is charged, where it is to a quota: for kinds whose cost is known later. */
  readonly payer?: UsageWindow | null;
  /** Bounds what is fetched. */
  readonly intake: Intake;
  /** The key of the request, if it has one: completed with the job. */
  readonly claim: IdempotencyClaim | undefined;
}

/** Everything of a request is known and checked. */
interface AcceptOptions extends SubmitOptions {
  readonly webhook: WebhookTarget | null;
}

/** What requests for jobs of every kind may say. */
type JobRequest = Pick<GenerationRequest, 'output'> & JobWishes;

/** What is said of every job, whatever it makes. */
type JobWishes = Pick<GenerationRequest, 'priority' | 'metadata' | 'webhook'>;

/** How a request of one kind becomes a plan. */
export interface Asked<Request extends JobRequest> {
  /** Checks a body to its last field. */
  readonly parse: (body: unknown) => Request;
  /** The pictures that it refers to. */
  readonly references: (request: Request) => readonly ControlImage[];
  /** Settles what it leaves open, with its pictures as `reading` finds them; refuses what cannot be done. */
  readonly resolve: (request: Request, reading: PictureReading) => Promise<Resolved<Plan>>;
}

/** Checks a request to the last field and pixel and records its job. */
export async function submitJob<Request extends JobRequest>(
  parts: ServerParts,
  { parse, references, resolve }: Asked<Request>,
  submission: Submission,
  options: SubmitOptions,
): Promise<Job> {
  const request = withFormat(parse(submission.body), submission.body, options);
  const referred = references(request);
  refuseUnusedFiles(submission.files, referred);
  const pictures = picturesOf(parts, submission.files, options.tenant, options.intake);
  return await pictures.keptWhile(async () => {
    // All that can be refused without asking anybody is refused first.
    const near = await resolve(request, { check: pictures.checkNear, look: pictures.look });
    const webhook = await webhookTarget(parts, request.webhook);
    const resolved = referred.some(isFetched) ? await resolve(request, pictures) : near;
    return await accept(parts, { ...options, webhook }, request, resolved);
  });
}

/** Submits what is to be drawn. */
export async function submitGeneration(
  parts: ServerParts,
  submission: Submission,
  options: SubmitOptions,
): Promise<Job> {
  const asked: Asked<GenerationRequest> = {
    parse: parseGeneration,
    references: referencesOf,
    resolve: async (request, reading) => {
      const given = await givenPictures(request, reading);
      return await parts.library
        .of(options.tenant)
        .ask(async (models) => await planGeneration(parts, request, models, given));
    },
  };
  return await submitJob(parts, asked, submission, options);
}

/** Resolves a request whose pictures are known, and refuses what this installation has no networks for. */
export async function planGeneration(
  { settings, randomSeed, annotators, library }: ServerParts,
  request: GenerationRequest,
  models: ModelList,
  given: GivenPictures,
): Promise<Resolved<GenerationPlan>> {
  const { plan: resolved, warnings } = resolveGeneration(request, {
    catalog: catalogOf(models),
    defaultModel: settings.defaultModel,
    given: given.controls,
    init: given.init,
    mask: given.mask,
    randomSeed,
    embedParameters: settings.embedParameters,
  });
  await annotators.requireFor(resolved);
  const { plan, warnings: remarks } = await library.settle(resolved, models);
  return { plan, warnings: [...warnings, ...remarks] };
}

/** Submits a picture that a map of condition `type` is to be made of. */
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
  const asked: Asked<ExtractionRequest> = {
    parse: parseExtraction,
    references: ({ image }) => [image],
    resolve: async (request, { check }) => {
      const resolved = resolveExtraction(type, request, condition, await check(request.image, 'image'));
      await parts.annotators.requireFor(resolved.plan);
      return resolved;
    },
  };
  return await submitJob(parts, asked, submission, options);
}

/** Charges what is resolved, and records it. */
export async function accept(
  parts: ServerParts,
  options: AcceptOptions,
  request: JobWishes,
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
  { tenant, door, claim, webhook }: AcceptOptions,
  request: JobWishes,
  { plan, warnings }: Resolved<Plan>,
): Promise<Job> {
  const { records, tracing } = parts;
  const { metadata = null, priority = defaultPriority } = request;
  const id = newJobId(kindOf(plan).lane);
  const write = async (): Promise<Job> =>
    await records.insertJob({
      id,
      tenant,
      door,
      plan,
      warnings,
      metadata,
      priority,
      webhook,
      traceParent: tracing.traceParent(),
      ...(claim === undefined ? {} : { claim }),
    });
  const job = await tracing.span('record job', { attributes: { 'armature.job.id': id } }, write);
  await wake(parts, job);
  return job;
}

/** The job is accepted once it is recorded: the feeder brings it to the queue when it is its turn, and what has no turns goes there now. */
async function wake({ queue, feeder, log }: ServerParts, { tenant, id, priority }: Job): Promise<void> {
  if (laneOf(id) === 'pictures') return feeder.wake();
  // Where the queue is away the reconciler brings it there.
  await queue
    .enqueueAll([{ tenant, id, priority }])
    .catch((err: unknown) => log.warn({ err, job: id }, 'it comes to the queue later'));
}
