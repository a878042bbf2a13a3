import type { Command } from 'commander';
import { ArmatureError } from '../../errors.ts';
import type { AnyModel } from '../../generation/models/kinds.ts';
import { findOfAnyKind, withArticle } from '../../generation/models/model-list.ts';
import { describeGraph, type Graph } from '../../graph/compiler/index.ts';
import type { Graphs } from '../../models/kinds/contract/kind.ts';
import { kindOf } from '../../models/kinds/kinds.ts';
import { libraryOf } from '../../service/library.ts';
import { useData } from '../settings/places.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { table } from '../terminal/table.ts';

export function addGraph(models: Command): void {
  const show = models
    .command('graph')
    .description('a network of a model as text: what it takes, every operation with its layer and shape, what it gives')
    .argument('<id>', 'model that has networks, as `armature models list` calls it')
    .option(
      '--network <name>',
      'unet, text-encoder (of SDXL also text-encoder-2), vae-decoder or vae-encoder; of a ControlNet controlnet or hint-encoder',
    )
    .addHelpText('after', '\nExample:\n  armature models graph my-model --network unet\n')
    .action(async (id: string, { network }: { network?: string }) => {
      const config = configOf(show);
      useData(config);
      const model = findOfAnyKind(await (await libraryOf(config)).list(), id, 'id');
      console.log(describe(chosen(await graphsOf(model), network, model.id)(), model.id));
    });
  addSettings(show, 'library');
}

/** @throws ArmatureError `invalid_request` for a kind that changes other networks and has none of its own. */
async function graphsOf(model: AnyModel): Promise<Graphs> {
  const { graphs, noun } = kindOf(model);
  if (graphs !== undefined) return await graphs(model);
  const detail = `Expected a model that has networks of its own, such as a base model, but ${model.id} is ${withArticle(noun)}.`;
  throw new ArmatureError('invalid_request', detail);
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
