import type { Command } from 'commander';
import { conditionIds } from '../../conditions/registry.ts';
import type { ModelList } from '../../generation/models/model-list.ts';
import type { AnnotatorModel } from '../../models/kinds/annotator/kind.ts';
import type { ModelKind } from '../../models/kinds/contract/kind.ts';
import { type AnyModel, modelKindIds, modelNouns } from '../../generation/models/kinds.ts';
import { kindNamed, modelKinds } from '../../models/kinds/kinds.ts';
import { addCatalog } from './model-catalog.ts';
import { addSet } from './set-model.ts';
import { addGraph } from './show-graph.ts';
import { addShow } from './show-model.ts';
import { addPull } from './pull-model.ts';
import { addCollect, addRemove } from './remove-model.ts';
import { addVerify } from './verify-model.ts';
import { annotatorsOf, libraryOf } from '../../service/library.ts';
import { useData } from '../settings/places.ts';
import { prepareDataFolder } from '../../records/data-folder/data-folder.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { table } from '../terminal/table.ts';
import { setType } from '../../models/tell.ts';

export function addModels(models: Command): void {
  const list = models
    .command('list')
    .description('every model that is found, annotators that can be pulled, and what cannot be used and why')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  armature models list --models /mnt/models\n')
    .action(async (options: { json?: true }) => {
      const config = configOf(list);
      useData(config);
      const found = await (await libraryOf(config)).list();
      const annotators = await (await annotatorsOf(config)).list();
      console.log(options.json === true ? asJson(found, annotators) : describeModels(found, annotators));
    });
  addSettings(list, 'library');
  const typing = models
    .command('set-type')
    .description(`say which condition a ControlNet is for: ${conditionIds.join(', ')}`)
    .argument('<id>', 'ControlNet, as `armature models list` calls it')
    .argument('<type>', 'condition')
    .addHelpText('after', '\nExample:\n  armature models set-type my-edges canny\n')
    .action(async (id: string, type: string) => {
      const config = configOf(typing);
      useData(config);
      await prepareDataFolder(config.data);
      const model = await setType(await libraryOf(config), id, type);
      console.log(`${model.id} is for ${model.type}.`);
    });
  addSettings(typing, 'library');
  addShow(models);
  addGraph(models);
  addSet(models);
  addPull(models);
  addVerify(models);
  addRemove(models);
  addCollect(models);
  addCatalog(models);
}

const hidden: ReadonlySet<string> = new Set(['path', 'preview', 'schedule', 'owner']);

/** All that is known of models but where they lie, and the numbers of their schedules. */
function asJson({ rejected, ...lists }: ModelList, annotators: readonly AnnotatorModel[]): string {
  return JSON.stringify(
    { ...lists, annotators, rejected },
    (key, value: unknown) => (hidden.has(key) ? undefined : value),
    2,
  );
}

function describeModels({ rejected, ...lists }: ModelList, annotators: readonly AnnotatorModel[]): string {
  const parts = [
    ...modelKindIds.map((kind) => tableOf<AnyModel>(kindNamed(kind), lists[modelNouns[kind].list])),
    tableOf(modelKinds.annotator, annotators),
    table(
      ['NOT USABLE', 'WHY'],
      rejected.map(({ id, detail }) => [id, detail]),
    ),
  ];
  const shown = parts.filter((part) => part !== '');
  return shown.length === 0 ? 'No models were found.' : shown.join('\n\n');
}

function tableOf<Model>({ heads, cells }: ModelKind<Model>, models: readonly Model[]): string {
  return table(heads, models.map(cells));
}
