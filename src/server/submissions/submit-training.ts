import type { Job } from '../../generation/job.ts';
import { ArmatureError } from '../../errors.ts';
import { continued } from '../../generation/kinds/training/continued.ts';
import type { Payer, TrainingJobPlan, TrainingSetReference } from '../../generation/kinds/training/job-plan.ts';
import { findInit } from '../../generation/kinds/training/resolve.ts';
import { resolveTrainingJob } from '../../generation/kinds/training/resolve-job.ts';
import { findBase } from '../../generation/models/base.ts';
import { findVae } from '../../generation/models/vae.ts';
import { parseContinue, parseTraining } from '../../generation/parse.ts';
import { baseField } from '../../generation/request/training.ts';
import type { TrainingJobRequest } from '../../generation/request/training-job.ts';
import { requireModelQuota } from '../../records/trainings/model-quota.ts';
import type { ServerParts } from '../parts/parts.ts';
import { accept, type SubmitOptions } from './submit.ts';
import type { Submission } from './submission.ts';
import { webhookTarget } from './webhook-target.ts';

/** Submits a training: its base model and its sets are looked at, and its set is read by whoever trains. */
export async function submitTraining(parts: ServerParts, { body }: Submission, options: SubmitOptions): Promise<Job> {
  return await submit(parts, parseTraining(body), options);
}

/** Submits a training that begins as the model which one made that has ended. `conflict` where there is no such model, or where its base is another one by now. */
export async function continueTraining(
  parts: ServerParts,
  { id, status, plan }: Job,
  { body }: Submission,
  options: SubmitOptions,
): Promise<Job> {
  if (status !== 'succeeded') {
    const detail = `Only a training that has succeeded can be continued, but ${id} is ${status}${status === 'paused' ? ': resume it' : ''}.`;
    throw new ArmatureError('conflict', detail);
  }
  // No job of another kind is in its lane.
  const first = plan as TrainingJobPlan;
  if (first.dryRun)
    throw new ArmatureError('conflict', `The training ${id} was a dry run: there is no model to train on.`);
  return await submit(parts, continued(first, parseContinue(body ?? {})), options, first.base.hash);
}

async function submit(
  parts: ServerParts,
  { data, dry_run: dryRun, priority, metadata, webhook, ...request }: TrainingJobRequest,
  options: SubmitOptions,
  wantedBase?: string,
): Promise<Job> {
  const { base, vae, init } = await parts.library.of(options.tenant).ask((models) => {
    const found = findBase(models, request.base ?? parts.settings.defaultModel, baseField);
    const own = found.vae === null ? null : findVae(models, found.vae, baseField);
    return { base: found, vae: own, init: findInit(models, request, found) };
  });
  if (wantedBase !== undefined && wantedBase !== base.hash) {
    const detail = `The base model ${base.id} is another one than the training was made beside: begin a new training with init.`;
    throw new ArmatureError('conflict', detail);
  }
  const given = { base, vae, init, sets: [], suffix: newSuffix(), seed: parts.randomSeed(), dryRun };
  // All that can be refused without asking for the sets is refused first.
  const near = resolveTrainingJob(request, given);
  if (!dryRun) await requireModelQuota(parts.records.trainings, options.tenant, parts.settings.limits.modelQuotaBytes);
  const target = await webhookTarget(parts, webhook);
  const payer = payerOf(options);
  const plan = { ...near, payer, sets: await setsOf(parts, data, options.tenant) };
  return await accept(parts, { ...options, webhook: target }, { priority, metadata, webhook }, { plan, warnings: [] });
}

function payerOf({ payer = null }: SubmitOptions): Payer | null {
  if (payer === null || (payer.kind !== 'day' && payer.kind !== 'month')) return null;
  return { account: payer.account, kind: payer.kind, start: payer.start.toISOString() };
}

/** Two models of one name, of whichever tenants, differ by it: a guess hits one in 2^40. */
function newSuffix(): string {
  return crypto.randomUUID().replaceAll('-', '').slice(0, 10);
}

/** `not_found` for a set that this tenant has not, `conflict` for one that is not whole. */
async function setsOf(
  { records }: ServerParts,
  data: TrainingJobRequest['data'],
  tenant: string,
): Promise<readonly TrainingSetReference[]> {
  const named = 'upload_id' in data ? [data.upload_id] : data.upload_ids;
  const fieldOf = (index: number): string => ('upload_id' in data ? 'data.upload_id' : `data.upload_ids[${index}]`);
  const repeated = named.findIndex((id, index) => named.indexOf(id) !== index);
  if (repeated !== -1) {
    const detail = `Expected each set once but received ${named[repeated]} twice.`;
    throw new ArmatureError('invalid_request', detail, { field: fieldOf(repeated) });
  }
  const found = new Map((await records.sets.use(tenant, named)).map((set) => [set.id, set]));
  return named.map((id, index) => {
    const set = found.get(id);
    const field = fieldOf(index);
    if (set === undefined) {
      const detail = `There is no set ${JSON.stringify(id.slice(0, 100))}: send one by POST /v1/uploads?kind=set.`;
      throw new ArmatureError('invalid_request', detail, { field });
    }
    if (set.whole) return { id, key: set.key };
    const size = set.size === null ? 'of a size that nobody has said yet' : `of ${set.size}`;
    const detail = `Of the set ${id} ${set.received} bytes ${size} are here: send the rest by PUT /v1/uploads/${id}.`;
    throw new ArmatureError('conflict', detail, { field });
  });
}
