import type { Job } from '../../generation/job.ts';
import { ArmatureError } from '../../errors.ts';
import type { Payer, TrainingSetReference } from '../../generation/kinds/training/job-plan.ts';
import { resolveTrainingJob } from '../../generation/kinds/training/resolve-job.ts';
import { findBase } from '../../generation/models/base.ts';
import { findVae } from '../../generation/models/vae.ts';
import { parseTraining } from '../../generation/parse.ts';
import { baseField } from '../../generation/request/training.ts';
import type { TrainingJobRequest } from '../../generation/request/training-job.ts';
import type { ServerParts } from '../parts/parts.ts';
import { accept, type SubmitOptions } from './submit.ts';
import type { Submission } from './submission.ts';
import { webhookTarget } from './webhook-target.ts';

/** Submits a training: its base model and its sets are looked at, and its set is read by whoever trains. */
export async function submitTraining(parts: ServerParts, { body }: Submission, options: SubmitOptions): Promise<Job> {
  const { data, priority, metadata, webhook, ...request } = parseTraining(body);
  const { base, vae } = await parts.library.of(options.tenant).ask((models) => {
    const found = findBase(models, request.base ?? parts.settings.defaultModel, baseField);
    return { base: found, vae: found.vae === null ? null : findVae(models, found.vae, baseField) };
  });
  const given = { base, vae, sets: [], suffix: newSuffix(), seed: parts.randomSeed() };
  // All that can be refused without asking for the sets is refused first.
  const near = resolveTrainingJob(request, given);
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
