import type { Command } from 'commander';
import { findBase, findControlNet, type ModelList } from '../../generation/catalog.ts';
import { findLora } from '../../generation/loras.ts';
import type { AnyModel } from '../../models/finding.ts';
import { libraryOf } from '../../service/library.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { table } from '../terminal/table.ts';
import type { ModelKind } from '../../models/kinds/kind.ts';
import { modelKinds } from '../../models/kinds/kinds.ts';

export function addShow(models: Command): void {
  const show = models
    .command('show')
    .description('what is known of a model, and who says so')
    .argument('<id>', 'base model, ControlNet or LoRA, as `armature models list` calls it')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  armature models show my-model\n')
    .action(async (id: string, options: { json?: true }) => {
      const found = await (await libraryOf(configOf(show))).list();
      const model = find(found, id);
      const { path: _path, owner: _owner, ...known } = model;
      console.log(options.json === true ? JSON.stringify(known, null, 2) : describe(model));
    });
  addSettings(show, 'library');
}

function find(found: ModelList, id: string): AnyModel {
  if (found.controlNets.some((controlNet) => controlNet.id === id)) return findControlNet(found, id, 'id');
  return found.loras.some((lora) => lora.id === id) ? findLora(found, id, 'id') : findBase(found, id, 'id');
}

function describe(model: AnyModel): string {
  if (model.kind === 'lora') return factsOf(modelKinds.lora, model);
  return model.kind === 'base' ? factsOf(modelKinds.base, model) : factsOf(modelKinds.controlnet, model);
}

function factsOf<Model extends { readonly id: string }>({ noun, facts }: ModelKind<Model>, model: Model): string {
  return table(['MODEL', model.id], [['kind', noun], ...(facts?.(model) ?? [])]);
}
