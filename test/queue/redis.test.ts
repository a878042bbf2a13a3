import { Redis } from 'ioredis';
import { describe, it } from 'vitest';
import { redisMissing, startRedis } from '../support/servers.ts';
import { queueConformance } from './conformance.ts';

if (redisMissing === null) {
  queueConformance('Redis', async () => {
    const server = await startRedis();
    const redis = new Redis(server.url);
    return {
      engine: () => ({ kind: 'redis', url: server.url }),
      async stealClaim(queueName, id) {
        await redis.set(`armature:${queueName}:${id}:lock`, 'another');
      },
      async dropClaim(queueName, id) {
        await redis.del(`armature:${queueName}:${id}:lock`);
      },
      async close() {
        redis.disconnect();
        await server.stop();
      },
    };
  });
} else {
  describe(`queue over Redis (${redisMissing})`, () => {
    it.skip('conformance');
  });
}
