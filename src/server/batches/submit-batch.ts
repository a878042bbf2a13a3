import { ArmatureError } from '../../errors.ts';
import type { CountedBatch } from '../../generation/batch.ts';
import { cost } from '../../generation/cost.ts';
import { parseGeneration } from '../../generation/parse.ts';
import { defaultBatchPriority } from '../../generation/priority.ts';
import type { NewItem } from '../../records/batches.ts';
import type { IdempotencyClaim } from '../../records/idempotency.ts';
import { newBatchId, newJobId } from '../../records/ids.ts';
import type { ServerParts } from '../parts.ts';
import { checkControl } from '../pictures.ts';
import { planGeneration } from '../submit.ts';
import { sharedWebhookTargets, webhookTarget } from '../webhook-target.ts';
import { checkItems } from './check-items.ts';
import type { BatchSubmission } from './read-items.ts';
import { SharedPictures } from './shared-pictures.ts';

export interface BatchSubmitOptions {
  readonly tenant: string;
  /** The key of the request, if it has one: completed with the batch. */
  readonly claim: IdempotencyClaim | undefined;
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
  const { records, store, fetcher, settings } = parts;
  const { tenant } = options;
  const { files } = submission;
  const pictures = new SharedPictures({ records, store, tenant, files, fetcher, limits: settings.limits.picture });
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
  const models = await parts.library.list();
  const webhook = await webhookTarget(parts, options.webhook);
  const itemWebhook = sharedWebhookTargets(parts);
  const checked = await checkItems(items, limits.batchItems, async (body): Promise<NewItem> => {
    const request = parseGeneration(body);
    const given = await Promise.all(
      request.controls.map(
        async (control, index) =>
          await checkControl(
            control,
            `controls[${index}]`,
            async (reference, field) => await pictures.check(reference, field),
          ),
      ),
    );
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
  });
  pictures.refuseUnused();
  const total = checked.reduce((sum, { plan }) => sum + cost(plan), 0);
  refuseExpensive(total, limits.batchCost);
  await requireRoom(checked.length - 1);
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

function refuseExpensive(total: number, most: number): void {
  if (total <= most) return;
  const detail =
    `Expected a batch that costs at most ${most} pixel steps (width x height x steps x pictures) but this one costs ` +
    `${total}: send several, or smaller ones.`;
  throw new ArmatureError('payload_too_large', detail, { field: 'items' });
}
