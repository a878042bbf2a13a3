import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRecords } from '../../src/records/open.ts';
import type { Records } from '../../src/records/records.ts';
import { CancelWatch } from '../../src/worker/cancel-watch.ts';
import { newJob } from '../records/conformance.ts';
import { newDataFolder } from '../support/embedded-template.ts';

describe('the watch for cancels', () => {
  let records: Records;
  let cancels: CancelWatch;
  beforeAll(async () => {
    ({ records } = await openRecords({ dataFolder: await newDataFolder() }));
    cancels = new CancelWatch(records, 20);
  });
  afterAll(async () => {
    cancels.close();
    await records.close();
  });

  /** A job that runs in its second attempt, while the first, which lost its claim, has not ended yet. */
  const attemptedTwice = async () => {
    const { id, tenant } = await records.insertJob(newJob());
    await records.startAttempt(tenant, id);
    const first = cancels.watch(id);
    await records.startAttempt(tenant, id);
    return { id, tenant, first, second: cancels.watch(id) };
  };

  it.each(['first', 'second'] as const)(
    'still tells an attempt after the %s of two has stopped watching',
    async (which) => {
      const { id, tenant, ...attempts } = await attemptedTwice();
      const left = attempts[which === 'first' ? 'second' : 'first'];
      attempts[which].stop();
      attempts[which].stop();
      const told = once(left.cancel, 'abort');
      await records.requestCancel(tenant, id);
      await told;
      expect(attempts[which].cancel.aborted).toBe(false);
      left.stop();
    },
  );

  it('tells both attempts that run at once, and a third that begins after both have stopped', async () => {
    const { id, tenant, first, second } = await attemptedTwice();
    const told = Promise.all([once(first.cancel, 'abort'), once(second.cancel, 'abort')]);
    await records.requestCancel(tenant, id);
    await told;
    first.stop();
    second.stop();
    const third = cancels.watch(id);
    first.stop();
    if (!third.cancel.aborted) await once(third.cancel, 'abort');
    third.stop();
  });
});
