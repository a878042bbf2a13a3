import type { Command } from 'commander';
import { tenantName } from '../access/key-request.ts';
import { ArmatureError } from '../errors.ts';
import { check } from '../generation/parse.ts';
import { eraseTenant } from '../retention/erase-tenant.ts';
import { openQueue } from '../queue/open.ts';
import { Closing } from '../service/closing.ts';
import { openConfiguredRecords } from '../service/configured-records.ts';
import { useData } from './settings/places.ts';
import { addSettings, configOf } from './settings/setting-options.ts';
import { storeOf } from '../service/store.ts';

const examples = `
Examples:
  armature data erase --tenant shop --yes --data /data \\
    --postgres-url postgres://user:password@db/armature --redis-url redis://redis
  armature data erase --tenant shop --yes --postgres-url ... --redis-url ... --s3-bucket pictures
  armature data erase --tenant default --yes --data ./data       (while no server runs on it)

Keys of the tenant are revoked, its jobs cancelled and deleted, and all that is stored for it goes. Nothing brings it back.
`;

export function addData(data: Command): void {
  const erase = data
    .command('erase')
    .description('delete all that a tenant has, in records, queue and store')
    .requiredOption('--tenant <name>', 'whose')
    .option('--yes', 'yes, all of it')
    .addHelpText('after', examples)
    .action(async (options: { readonly tenant: string; readonly yes?: true }) => {
      const tenant = check(tenantName, options.tenant, 'tenant');
      if (options.yes !== true) {
        const detail = `Everything that the tenant ${tenant} has would be deleted for good. Add --yes if that is meant.`;
        throw new ArmatureError('invalid_request', detail);
      }
      const config = configOf(erase);
      useData(config);
      const closing = new Closing();
      try {
        const { records, queueEngine } = await openConfiguredRecords(config);
        closing.add(records);
        const { redisUrl } = config;
        const queue = closing.add(
          await openQueue(redisUrl === null ? queueEngine() : { kind: 'redis', url: redisUrl }),
        );
        const parts = {
          records,
          store: await storeOf(config),
          removeTicket: async (id: string) => await queue.remove(id),
        };
        const onProgress = (jobs: number): void => console.error(`${jobs} jobs deleted`);
        const jobs = await eraseTenant(parts, tenant, { onProgress });
        // Nobody else has an embedded database open meanwhile.
        await records.vacuum('full');
        console.log(`${tenant} is erased: ${jobs} jobs, and all that was stored for it.`);
      } finally {
        await closing.close();
      }
    });
  addSettings(erase, 'records', 'queue', 'objects');
}
