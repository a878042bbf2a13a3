import type { Command } from 'commander';
import { conditionIds } from '../conditions/registry.ts';
import type { ModelList } from '../generation/catalog.ts';
import { guessType } from '../models/guess-type.ts';
import type { ControlNetModel } from '../models/model.ts';
import { addCatalog } from './model-catalog.ts';
import { addPull } from './pull-model.ts';
import { libraryOf } from './library.ts';
import { addSettings, configOf } from './setting-options.ts';
import { table } from './table.ts';

export function addModels(program: Command): void {
  const models = program.command('models').description('list and pull models, and say what a ControlNet is for');
  const list = models
    .command('list')
    .description('every model that is found, and what cannot be used and why')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  armature models list --models /mnt/models\n')
    .action(async (options: { json?: true }) => {
      const found = await (await libraryOf(configOf(list))).list();
      console.log(options.json === true ? asJson(found) : describeModels(found));
    });
  addSettings(list, ['data', 'models']);
  const setType = models
    .command('set-type')
    .description(`say which condition a ControlNet is for: ${conditionIds.join(', ')}`)
    .argument('<id>', 'ControlNet, as `armature models list` calls it')
    .argument('<type>', 'condition')
    .addHelpText('after', '\nExample:\n  armature models set-type my-edges canny\n')
    .action(async (id: string, type: string) => {
      const model = await (await libraryOf(configOf(setType))).setType(id, type);
      console.log(`${model.id} is for ${model.type}.`);
    });
  addSettings(setType, ['data', 'models']);
  addPull(models);
  addCatalog(models);
}

/** All that is known of models but where they lie. */
function asJson({ bases, controlNets, rejected }: ModelList): string {
  return JSON.stringify(
    { bases, controlNets, rejected },
    (key, value: unknown) => (key === 'path' ? undefined : value),
    2,
  );
}

function describeModels({ bases, controlNets, rejected }: ModelList): string {
  const parts = [
    table(
      ['BASE MODEL', 'FAMILY', 'SIZE', 'LICENCE', 'TITLE'],
      bases.map(({ id, family, defaults, licence, title }) => [
        id,
        family.name,
        `${defaults.width}x${defaults.height}`,
        licence ?? 'unknown',
        title,
      ]),
    ),
    table(
      ['CONTROLNET', 'FAMILY', 'FOR', 'CAME WITH'],
      controlNets.map((model) => [model.id, model.family.name, describeType(model), model.bundledWith ?? '-']),
    ),
    table(
      ['NOT USABLE', 'WHY'],
      rejected.map(({ id, detail }) => [id, detail]),
    ),
  ];
  const shown = parts.filter((part) => part !== '');
  return shown.length === 0 ? 'No models were found.' : shown.join('\n\n');
}

function describeType({ id, title, type }: ControlNetModel): string {
  if (type !== null) return type;
  const guess = guessType(title);
  const known = guess !== null && conditionIds.includes(guess);
  return known ? `? (perhaps: armature models set-type ${id} ${guess})` : '? (armature models set-type)';
}
