import { z } from 'zod';
import { batchStatus, batchStatuses, type CountedBatch, hasEnded } from '../../generation/batch.ts';
import { type Job, drawnStatuses } from '../../generation/job.ts';
import { isOverdue, nextTurn } from '../../json/turns.ts';
import type { Records } from '../../records/records.ts';
import type { WebhookDelivery } from '../../records/webhooks/webhook-records.ts';
import type { EtaEstimator } from '../load/eta.ts';
import type { Links } from '../http/links.ts';
import { receiverSchema, receiverView } from './delivery-view.ts';
import { jobListSchema, type JobView } from './job-schema.ts';
import { jobView } from './job-view.ts';

export const batchSchema = z
  .object({
    id: z.string(),
    name: z.string().nullable(),
    status: z
      .enum(batchStatuses)
      .describe('queued until the first item is started; ended when the last has: failed where one failed'),
    url: z.string(),
    items_url: z.string(),
    results_url: z.string(),
    sheet_url: z.string(),
    events_url: z.string(),
    items: z.int().describe('How many there are'),
    counts: z.object(Object.fromEntries(drawnStatuses.map((status) => [status, z.int()]))).describe('Items by status'),
    progress: z.number().describe('0 to 1: items that have ended, and of those that run the share of their steps'),
    eta_s: z
      .number()
      .nullable()
      .describe('Seconds until it is probably done if nothing else is drawn; null where that is not known'),
    matrix: z
      .array(z.object({ path: z.string(), labels: z.array(z.string()) }))
      .nullable()
      .describe('The axes, the slowest first, and what their values are called; null for a list of items'),
    metadata: z.record(z.string(), z.unknown()).nullable(),
    webhook: receiverSchema.nullable().describe('Who is told of the end of its last item; null for nobody'),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Batch' });

export const batchListSchema = z
  .object({ data: z.array(batchSchema), next_cursor: z.string().nullable().describe('null on the last page') })
  .meta({ id: 'BatchList' });

/** Its items are jobs. */
export const batchItemsSchema = jobListSchema;

export type BatchView = z.output<typeof batchSchema>;

export type PresentBatch = (batch: CountedBatch) => Promise<BatchView>;

export function batchPresenter(records: Records, eta: EtaEstimator, links: Links): PresentBatch {
  return async (batch) => {
    const cost = batch.cost * (1 - progressOf(batch));
    const etaSeconds = hasEnded(batch) ? null : await eta.ofCost(batch.tenant, cost);
    const deliveries = batch.webhook === null ? [] : await records.webhooks.ofBatch(batch.id);
    return batchView(batch, etaSeconds, links, deliveries);
  };
}

export function batchView(
  batch: CountedBatch,
  etaSeconds: number | null,
  links: Links,
  deliveries: readonly WebhookDelivery[] = [],
): BatchView {
  const url = links.batch(batch.id);
  return {
    id: batch.id,
    name: batch.name,
    status: batchStatus(batch.counts),
    url,
    items_url: `${url}/items`,
    results_url: `${url}/results`,
    sheet_url: `${url}/sheet`,
    events_url: `${url}/events`,
    items: batch.items,
    counts: { ...batch.counts },
    progress: hasEnded(batch) ? 1 : progressOf(batch),
    eta_s: etaSeconds,
    matrix: batch.axes?.map(({ path, labels }) => ({ path, labels: [...labels] })) ?? null,
    metadata: batch.metadata === null ? null : { ...batch.metadata },
    webhook: batch.webhook === null ? null : receiverView(batch.webhook, deliveries, links),
    created_at: batch.createdAt.toISOString(),
  };
}

function progressOf({ done, items }: CountedBatch): number {
  return Math.min(1, done / items);
}

export type PresentItem = (item: Job) => Promise<JobView>;

/** An item among others: its place in the queue is the batch's affair. */
export function itemPresenter(records: Records, links: Links): PresentItem {
  return async (item) => {
    const deliveries = item.webhook === null ? [] : await records.webhooks.ofJob(item.id);
    if (isOverdue()) await nextTurn();
    return jobView(item, { queuePosition: null, etaSeconds: null }, links, deliveries);
  };
}
