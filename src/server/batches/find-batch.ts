import { ArmatureError } from '../../errors.ts';
import type { CountedBatch } from '../../generation/batch.ts';
import type { Job, JobStatus } from '../../generation/job.ts';
import type { Records } from '../../records/records.ts';

/** The batch of a tenant; `not_found` where it has none of that id, whoever else may have one. */
export async function requireBatch(records: Records, tenant: string, id: string): Promise<CountedBatch> {
  return (await records.batches.find(tenant, id)) ?? missingBatch(id);
}

function missingBatch(id: string): never {
  throw new ArmatureError('not_found', `There is no batch ${JSON.stringify(id.slice(0, 100))}.`);
}

const pageSize = 100;

/** All items in their order, read page by page. */
export async function* itemsOf(records: Records, id: string, status?: JobStatus): AsyncGenerator<Job> {
  let after = -1;
  for (;;) {
    const page = await records.batches.items(id, {
      after,
      limit: pageSize,
      ...(status === undefined ? {} : { status }),
    });
    yield* page;
    const last = page.at(-1)?.batch?.index;
    if (page.length < pageSize || last === undefined) return;
    after = last;
  }
}
