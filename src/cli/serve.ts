import type { Command } from 'commander';
import type { RunHooks } from '../service/run.ts';
import { addServiceSettings, configOf } from './settings/setting-options.ts';

const examples = `
Examples:
  armature serve
  armature serve --port 8080 --data ./data --models /mnt/models
  armature serve --postgres-url postgres://user:password@db/armature --redis-url redis://queue:6379
`;

export function addServe(command: Command, hooks: RunHooks): void {
  command.addHelpText('after', examples).action(async () => {
    // Whoever only asks for help or draws by himself needs no database and no HTTP.
    const { runService } = await import('../service/service.ts');
    await runService(configOf(command), 'serve', { onListening: announce, onStopping: console.error, ...hooks });
  });
  addServiceSettings(command, 'requests', 'jobs', 'objects');
}

function announce({ address, data }: { readonly address: string; readonly data: string }): void {
  console.error(`Armature answers at ${address} and keeps its data in ${data}`);
}
