import type { Command } from 'commander';
import type { RunHooks } from './service.ts';
import { accessSettings, addSettings, configOf } from './setting-options.ts';
import { storeSettings } from './store.ts';

const examples = `
Example:
  armature api --postgres-url postgres://user:password@db/armature --redis-url redis://queue:6379 --data /srv/armature

The api and its workers share PostgreSQL, the queue, and the data folder or the bucket (--s3-bucket).
`;

export function addApi(program: Command, hooks: RunHooks): void {
  const command = program
    .command('api')
    .description('answer requests and leave the drawing to workers; needs PostgreSQL')
    .addHelpText('after', examples)
    .action(async () => {
      const { runService } = await import('./service.ts');
      await runService(configOf(command), 'api', hooks);
    });
  addSettings(command, ['host', 'port', 'data', 'models', 'model', 'postgresUrl', 'redisUrl']);
  addSettings(command, ['tenantWindow', 'queueWindow', 'maxBatchItems', 'maxBatchCost']);
  addSettings(command, ['publicUrl', 'corsOrigin', 'embedParameters', 'allowFetch', 'webhookSecret', 'logLevel']);
  addSettings(command, accessSettings);
  addSettings(command, [...storeSettings, 'retentionDays', 'retentionSize']);
}
