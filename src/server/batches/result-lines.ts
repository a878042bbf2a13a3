import type { Records } from '../../records/records.ts';
import type { Links } from '../http/links.ts';
import { itemPresenter } from '../views/batch-view.ts';
import { itemsOf } from './find-batch.ts';

/** One line of JSON an item: its index, its status and the job. */
export async function* resultLines(records: Records, id: string, links: Links): AsyncGenerator<string> {
  const present = itemPresenter(records, links);
  for await (const item of itemsOf(records, id)) {
    yield `${JSON.stringify({ index: item.batch?.index, status: item.status, job: await present(item) })}\n`;
  }
}
