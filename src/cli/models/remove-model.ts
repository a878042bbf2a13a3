import type { Command } from 'commander';
import { pullFolders } from '../../config/model-folders.ts';
import { allModels } from '../../generation/models/model-list.ts';
import { collectLeftovers } from '../../models/pull/collect.ts';
import { pulledModelOf, type Removed, removePulled } from '../../models/pull/remove.ts';
import { libraryOf } from '../../service/library.ts';
import { useData } from '../settings/places.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';

const help = `
Example:
  armature models rm control-sd15-canny

Files that no pull has brought are never deleted, nor are those that were changed since, and links.
`;

export function addRemove(models: Command): void {
  const remove = models
    .command('rm')
    .description('delete a model that was pulled')
    .argument('<id>', 'model, as `armature models list` calls it')
    .addHelpText('after', help)
    .action(async (id: string) => {
      const config = configOf(remove);
      useData(config);
      const model = allModels(await (await libraryOf(config)).list()).find((one) => one.id === id);
      console.log(describe(id, await removePulled(await pulledModelOf(id, model, pullFolders(config)))));
    });
  addSettings(remove, 'library');
}

function describe(id: string, { folder, files, left }: Removed): string {
  const deleted = `${id}: ${files} files deleted`;
  return left.length === 0
    ? `${deleted}, and ${folder}.`
    : `${deleted}. In ${folder} stays what no pull has brought as it is: ${left.join(', ')}.`;
}

export function addCollect(models: Command): void {
  const collect = models
    .command('gc')
    .description('delete what interrupted pulls have left')
    .addHelpText('after', '\nExample:\n  armature models gc --models /mnt/models\n')
    .action(async () => {
      const config = configOf(collect);
      useData(config);
      const collected = await collectLeftovers(pullFolders(config));
      for (const { folder, bytes } of collected) console.log(`${folder}: ${Math.round(bytes / 1e6)} MB deleted`);
      if (collected.length === 0) console.log('No interrupted pull has left anything.');
    });
  addSettings(collect, 'library');
}
