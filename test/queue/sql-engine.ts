import type { OpenRecords } from '../../src/records/open.ts';
import type { EngineUnderTest } from './conformance.ts';

export function underSql(opened: OpenRecords, stop: () => Promise<void>): EngineUnderTest {
  const { pool } = opened.queueEngine();
  return {
    engine: () => opened.queueEngine(),
    async stealClaim(queueName, id) {
      await pool.query('update bullmq.job set lock_token = $3 where queue = $1 and id = $2', [
        queueName,
        id,
        'another',
      ]);
    },
    async dropClaim(queueName, id) {
      await pool.query('update bullmq.job set lock_token = null, locked_until_ms = 1 where queue = $1 and id = $2', [
        queueName,
        id,
      ]);
    },
    async close() {
      await opened.records.close();
      await stop();
    },
  };
}
