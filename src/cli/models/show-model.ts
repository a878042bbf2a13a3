import type { Command } from 'commander';
import { pullFolders, typesFile } from '../../config/model-folders.ts';
import type { AnyModel } from '../../generation/models/kinds.ts';
import { findOfAnyKind } from '../../generation/models/model-list.ts';
import { kindOf } from '../../models/kinds/kinds.ts';
import { originsOf } from '../../models/origins.ts';
import { libraryOf } from '../../service/library.ts';
import { useData } from '../settings/places.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { table } from '../terminal/table.ts';

export function addShow(models: Command): void {
  const show = models
    .command('show')
    .description('what is known of a model, and who says so')
    .argument('<id>', 'model, as `armature models list` calls it')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  armature models show my-model\n')
    .action(async (id: string, options: { json?: true }) => {
      const config = configOf(show);
      useData(config);
      const found = await (await libraryOf(config)).list();
      const model = findOfAnyKind(found, id, 'id');
      const { path: _path, preview: _preview, owner: _owner, ...known } = model;
      if (options.json === true) console.log(JSON.stringify(known, null, 2));
      else
        console.log(
          describe(model, await originsOf(model, { typesFile: typesFile(config), places: pullFolders(config) })),
        );
    });
  addSettings(show, 'library');
}

function describe(model: AnyModel, origins: readonly (readonly [string, string])[]): string {
  const { noun, facts } = kindOf(model);
  return table(['MODEL', model.id], [['kind', noun], ...(facts?.(model) ?? []), ...origins]);
}
