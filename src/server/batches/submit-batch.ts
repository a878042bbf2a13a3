import { ArmatureError } from '../../errors.ts';
import type { CountedBatch } from '../../generation/batch.ts';
import { kindOf } from '../../generation/kinds/kinds.ts';
import { parseGeneration } from '../../generation/parse.ts';
import { defaultBatchPriority } from '../../generation/request/priority.ts';
import type { NewItem } from '../../records/batches/insert-batch.ts';
import type { IdempotencyClaim } from '../../records/jobs/idempotency.ts';
import { newBatchId, newJobId } from '../../records/schema/ids.ts';
import type { ServerParts } from '../parts/parts.ts';
import { givenPictures } from '../../generation/given-pictures.ts';
import type { GenerationRequest } from '../../generation/request/generation.ts';
import { type Intake, needsFetching, picturesOf } from '../submissions/intake.ts';
import { planGeneration } from '../submissions/submit.ts';
import { sharedWebhookTargets, webhookTarget } from '../submissions/webhook-target.ts';
import { checkItems } from './check-items.ts';
import type { BatchSubmission } from './read-items.ts';
import type { SharedPictures } from '../submissions/shared-pictures.ts';

export interface BatchSubmitOptions {
  readonly tenant: string;
  /** The key of the request, if it has one: completed with the batch. */
  readonly claim: IdempotencyClaim | undefined;
  readonly intake: Intake;
  /** Makes sure that so many more jobs may wait. */
  readonly requireRoom: (jobs: number) => Promise<void>;
  /** Charges a cost to whoever asks; returns how to give it back. */
  readonly charge: (cost: number) => Promise<() => Promise<void>>;
}

/** Checks every item of a batch as a generation of its own would be, and only then records them. */
export async function submitBatch(
  parts: ServerParts,
  submission: BatchSubmission,
  options: BatchSubmitOptions,
): Promise<CountedBatch> {
  // Asked for one before anything is decoded, and for all as soon as their number is known.
  await options.requireRoom(1);
  const pictures = picturesOf(parts, submission.files, options.tenant, options.intake);
  return await pictures.keptWhile(async () => await recordBatch(parts, pictures, submission, options));
}

async function recordBatch(
  parts: ServerParts,
  pictures: SharedPictures,
  { options, axes, items }: BatchSubmission,
  { tenant, claim, requireRoom, charge }: BatchSubmitOptions,
): Promise<CountedBatch> {
  const { records, feeder, settings } = parts;
  const { limits } = settings;
  const models = await parts.library.of(tenant).list();
  const webhook = await webhookTarget(parts, options.webhook);
  const itemWebhook = sharedWebhookTargets(parts);
  const itemOf = async (request: GenerationRequest, check: SharedPictures['check']): Promise<NewItem> => {
    const given = await givenPictures(request, { check, look: pictures.look });
    const { plan, warnings } = await planGeneration(parts, request, models, given);
    const priority = request.priority ?? options.priority ?? defaultBatchPriority;
    return {
      id: newJobId(),
      plan,
      warnings,
      metadata: request.metadata ?? null,
      webhook: await itemWebhook(request.webhook),
      priority,
    };
  };
  let expected = 0;
  const looked = await checkItems(items, limits.batchItems, async (body): Promise<LookedItem> => {
    const request = parseGeneration(body);
    const item = await itemOf(request, pictures.checkNear);
    expected += kindOf(item.plan).cost(item.plan);
    return { item, unfetched: needsFetching(request) ? request : null };
  });
  pictures.refuseUnused();
  refuseExpensive(expected, limits.batchCost);
  await requireRoom(looked.length - 1);
  // All that can be refused without asking anybody has been refused.
  const again = looked.map((item) => async () => item);
  const checked = await checkItems(again, limits.batchItems, async ({ item, unfetched }) =>
    unfetched === null ? item : await itemOf(unfetched, pictures.check),
  );
  // What is drawn over a picture has a size, and with it a cost, that is known only now.
  const total = checked.reduce((sum, { plan }) => sum + kindOf(plan).cost(plan), 0);
  refuseExpensive(total, limits.batchCost);
  const batch = {
    id: newBatchId(),
    tenant,
    name: options.name ?? null,
    metadata: options.metadata ?? null,
    axes,
    webhook,
  };
  const giveBack = await charge(total);
  try {
    const accepted = await records.batches.insert(batch, checked, claim);
    feeder.wake();
    return accepted;
  } catch (error) {
    await giveBack().catch((err: unknown) => parts.log.warn({ err }, 'the cost of a refused batch stays charged'));
    throw error;
  }
}

/** An item whose pictures are still to be fetched is looked at once more when they are there. */
interface LookedItem {
  readonly item: NewItem;
  readonly unfetched: GenerationRequest | null;
}

function refuseExpensive(total: number, most: number): void {
  if (total <= most) return;
  const detail =
    `Expected a batch that costs at most ${most} pixel steps (width x height x steps x pictures) but this one costs ` +
    `${total}: send several, or smaller ones.`;
  throw new ArmatureError('payload_too_large', detail, { field: 'items' });
}
