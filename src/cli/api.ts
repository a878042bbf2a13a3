import type { Command } from 'commander';
import type { RunHooks } from './service.ts';
import { accessSettings, addServiceSettings, configOf } from './setting-options.ts';
import { storeSettings } from './store.ts';

const examples = `
Example:
  armature api --postgres-url postgres://user:password@db/armature --redis-url redis://queue:6379 --data /srv/armature

The api and its workers share PostgreSQL, the queue, and the data folder or the bucket (--s3-bucket).
`;

export function addApi(command: Command, hooks: RunHooks): void {
  command.addHelpText('after', examples).action(async () => {
    const { runService } = await import('./service.ts');
    await runService(configOf(command), 'api', hooks);
  });
  addServiceSettings(command, [
    'host',
    'port',
    'data',
    'models',
    'model',
    'postgresUrl',
    'redisUrl',
    'tenantWindow',
    'queueWindow',
    'maxBatchItems',
    'maxBatchCost',
    'publicUrl',
    'corsOrigin',
    'embedParameters',
    'allowFetch',
    'webhookSecret',
    'logLevel',
    ...accessSettings,
    ...storeSettings,
    'retentionDays',
    'retentionSize',
  ]);
}
