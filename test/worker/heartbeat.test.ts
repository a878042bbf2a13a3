import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRecords } from '../../src/records/open.ts';
import type { Records } from '../../src/records/records.ts';
import { startHeartbeat } from '../../src/worker/heartbeat.ts';
import { newDataFolder } from '../support/embedded-template.ts';

describe('the heartbeat of a worker', () => {
  let records: Records;
  beforeAll(async () => {
    ({ records } = await openRecords({ dataFolder: await newDataFolder() }));
  });
  afterAll(() => records.close());

  const stateOf = async (state: string): Promise<void> => {
    while ((await records.workers.alive())[0]?.deviceState !== state) await pause(10);
  };

  it('says at once what is new, and takes the worker out at the end', async () => {
    let deviceState = 'starting';
    const worker = { id: 'wrk_1', host: 'node-1', pid: 7, version: '0.0.0', deviceDetail: 'cpu', loaded: [] };
    const heartbeat = startHeartbeat(records.workers, () => ({ ...worker, deviceState }));
    await stateOf('starting');
    deviceState = 'ready';
    await stateOf('ready');
    await heartbeat.close();
    expect(await records.workers.alive()).toEqual([]);
  });
});
