import type { BatchAxis, CountedBatch } from '../../generation/batch.ts';
import type { Job } from '../../generation/job.ts';
import { kindOf } from '../../generation/kinds/kinds.ts';
import type { OutputFormat } from '../../generation/request/choices.ts';
import { ArmatureError } from '../../errors.ts';
import { type Sheet, type SheetPlan, startSheet } from '../../images/contact-sheet.ts';
import { encodePicture } from '../../images/encode.ts';
import { thumbnail } from '../../images/thumbnail.ts';
import type { Records } from '../../records/records.ts';
import type { ObjectStore } from '../../store/store.ts';
import { itemsOf } from './find-batch.ts';

/** Pixels of all cells, which are in memory at once; and of a side, of which WebP has no more. */
const limits = { maxPixels: 16_000_000, maxSide: 16_000 } as const;

/**
 * One picture of the first picture of each item. Of a matrix the last axis runs along the rows and the others down the
 * columns, with their values beside them; anything else, or a matrix that is too long, is a square with the items' numbers.
 * An item that has no picture shows its status.
 */
export async function batchSheet(
  records: Records,
  store: ObjectStore,
  batch: CountedBatch,
  format: OutputFormat,
  signal: AbortSignal,
): Promise<{ readonly bytes: Uint8Array; readonly contentType: string }> {
  const [first] = await records.batches.items(batch.id, { limit: 1 });
  const known = first === undefined ? null : kindOf(first.plan).outputSize(first.plan);
  const picture = known ?? { width: 256, height: 256 };
  const sheet =
    (batch.axes === null ? null : await startSheet(matrixPlan(batch.axes, picture), limits)) ??
    (await startSheet(squarePlan(batch.items, picture), limits));
  if (sheet === null) throw new ArmatureError('conflict', `A batch of ${batch.items} items has no room on a sheet.`);
  for await (const item of itemsOf(records, batch.id)) {
    if (signal.aborted) break;
    await sheet.place(item.batch!.index, await contentOf(item, store, sheet));
  }
  return { bytes: await encodePicture(sheet.image, { format, quality: 85 }), contentType: `image/${format}` };
}

async function contentOf(item: Job, store: ObjectStore, { cell }: Sheet) {
  const output = item.result?.outputs[0];
  return output === undefined ? item.status : await thumbnail(await store.get(output.key), cell);
}

type Picture = SheetPlan['picture'];

function matrixPlan(axes: readonly BatchAxis[], picture: Picture): SheetPlan {
  const texts = axes.map(({ path, labels }) => labels.map((value) => `${nameOf(path, axes)}=${value}`));
  const columns = texts.at(-1)!;
  const rows = texts
    .slice(0, -1)
    .reduce<readonly (readonly string[])[]>(
      (labels, values) => labels.flatMap((lines) => values.map((value) => [...lines, value])),
      [[]],
    );
  return {
    columns: columns.length,
    rows: rows.length,
    picture,
    columnLabels: columns,
    rowLabels: rows,
    cellLabels: [],
  };
}

/** `scale` for the path `controls[0].scale`; the whole path where another axis ends in the same name. */
function nameOf(path: string, axes: readonly BatchAxis[]): string {
  const last = (other: string): string => other.split('.').at(-1)!;
  return axes.filter((axis) => last(axis.path) === last(path)).length === 1 ? last(path) : path;
}

function squarePlan(items: number, picture: Picture): SheetPlan {
  const columns = Math.ceil(Math.sqrt(items));
  const cellLabels = Array.from({ length: items }, (_, index) => String(index));
  return { columns, rows: Math.ceil(items / columns), picture, columnLabels: [], rowLabels: [], cellLabels };
}
