import type { Command } from 'commander';
import { ArmatureError } from '../../errors.ts';
import { findBase } from '../../generation/models/base.ts';
import type { AnyModel } from '../../generation/models/kinds.ts';
import { allModels, type ModelList } from '../../generation/models/model-list.ts';
import { describeGraph, type Graph } from '../../graph/compiler/index.ts';
import type { Graphs } from '../../models/kinds/contract/kind.ts';
import { kindOf } from '../../models/kinds/kinds.ts';
import { libraryOf } from '../../service/library.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { table } from '../terminal/table.ts';

export function addGraph(models: Command): void {
  const show = models
    .command('graph')
    .description('a network of a model as text: what it takes, every operation with its layer and shape, what it gives')
    .argument('<id>', 'base model or ControlNet, as `armature models list` calls it')
    .option(
      '--network <name>',
      'unet, text-encoder (of SDXL also text-encoder-2), vae-decoder or vae-encoder; of a ControlNet controlnet or hint-encoder',
    )
    .addHelpText('after', '\nExample:\n  armature models graph my-model --network unet\n')
    .action(async (id: string, { network }: { network?: string }) => {
      const found = await (await libraryOf(configOf(show))).list();
      const model = find(found, id);
      const choices = (await kindOf(model).graphs?.(model)) ?? new Map<string, () => Graph>();
      console.log(describe(chosen(choices, network, model.id)(), model.id));
    });
  addSettings(show, 'library');
}

/** Of a kind that has networks; where there is none, as is said of base models. */
function find(found: ModelList, id: string): AnyModel {
  const model = allModels(found).find((one) => one.id === id);
  return model !== undefined && kindOf(model).graphs !== undefined ? model : findBase(found, id, 'id');
}

function chosen(choices: Graphs, name: string | undefined, id: string): () => Graph {
  const known = [...choices.keys()];
  const build = choices.get(name ?? known[0] ?? '');
  if (build !== undefined) return build;
  throw new ArmatureError('invalid_request', `${id} has no network ${name}. The choices are ${known.join(', ')}.`);
}

function describe(graph: Graph, id: string): string {
  const { weights, inputs, operations, outputs } = describeGraph(graph);
  return [
    `The ${graph.name} of ${id}: ${operations.length} operations, ${weights}.`,
    table(['INPUT', 'TYPE', 'SHAPE'], inputs),
    table(['', 'OPERATOR', 'OF', 'SHAPE', 'WITH', 'LAYER'], operations),
    table(['OUTPUT', 'OF', 'SHAPE'], outputs),
  ].join('\n\n');
}
