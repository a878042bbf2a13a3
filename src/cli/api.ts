import type { Command } from 'commander';
import type { RunHooks } from '../service/run.ts';
import { addServiceSettings, configOf } from './settings/setting-options.ts';

const examples = `
Example:
  armature api --postgres-url postgres://user:password@db/armature --redis-url redis://queue:6379 --data /srv/armature

The api and its workers share PostgreSQL, the queue, and the data folder or the bucket (--s3-bucket).
`;

export function addApi(command: Command, hooks: RunHooks): void {
  command.addHelpText('after', examples).action(async () => {
    const { runService } = await import('../service/service.ts');
    await runService(configOf(command), 'api', hooks);
  });
  addServiceSettings(command, 'requests', 'objects');
}
