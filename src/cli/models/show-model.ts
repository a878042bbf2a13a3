import type { Command } from 'commander';
import { pullFolders, typesFile } from '../../config/model-folders.ts';
import { findBase } from '../../generation/models/base.ts';
import type { AnyModel } from '../../generation/models/kinds.ts';
import { allModels, type ModelList } from '../../generation/models/model-list.ts';
import { kindOf } from '../../models/kinds/kinds.ts';
import { originsOf } from '../../models/origins.ts';
import { libraryOf } from '../../service/library.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { table } from '../terminal/table.ts';

export function addShow(models: Command): void {
  const show = models
    .command('show')
    .description('what is known of a model, and who says so')
    .argument('<id>', 'base model, ControlNet or LoRA, as `armature models list` calls it')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  armature models show my-model\n')
    .action(async (id: string, options: { json?: true }) => {
      const config = configOf(show);
      const found = await (await libraryOf(config)).list();
      const model = find(found, id);
      const { path: _path, owner: _owner, ...known } = model;
      if (options.json === true) console.log(JSON.stringify(known, null, 2));
      else
        console.log(
          describe(model, await originsOf(model, { typesFile: typesFile(config), places: pullFolders(config) })),
        );
    });
  addSettings(show, 'library');
}

/** Of whatever kind; where there is none, as is said of base models. */
function find(found: ModelList, id: string): AnyModel {
  return allModels(found).find((model) => model.id === id) ?? findBase(found, id, 'id');
}

function describe(model: AnyModel, origins: readonly (readonly [string, string])[]): string {
  const { noun, facts } = kindOf(model);
  return table(['MODEL', model.id], [['kind', noun], ...(facts?.(model) ?? []), ...origins]);
}
