import type { Command } from 'commander';
import { ArmatureError } from '../../errors.ts';
import { findBase, findControlNet } from '../../generation/catalog.ts';
import type { BaseModel, ControlNetModel } from '../../generation/model.ts';
import { describeGraph, type Graph, networks } from '../../graph/compiler/index.ts';
import { libraryOf } from '../../service/library.ts';
import { openBaseCheckpoint, openControlNetCheckpoint } from '../../weights/checkpoint.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { table } from '../terminal/table.ts';

/** Networks of a model by the names that `--network` takes; the first is shown where none is named. */
type Networks = ReadonlyMap<string, () => Graph>;

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
      const model = found.controlNets.some((controlNet) => controlNet.id === id)
        ? findControlNet(found, id, 'id')
        : findBase(found, id, 'id');
      const choices = model.kind === 'base' ? await networksOfBase(model) : await networksOfControlNet(model);
      console.log(describe(chosen(choices, network, model.id)(), model.id));
    });
  addSettings(show, 'library');
}

async function networksOfBase({ path }: BaseModel): Promise<Networks> {
  const { unet, textEncoders, vae } = await openBaseCheckpoint(path);
  return new Map<string, () => Graph>([
    ['unet', () => networks.unet(unet)],
    ...textEncoders.map((encoder) => [encoder.name.replaceAll('_', '-'), () => networks.textEncoder(encoder)] as const),
    ['vae-decoder', () => networks.vaeDecoder(vae)],
    ['vae-encoder', () => networks.vaeEncoder(vae)],
  ]);
}

async function networksOfControlNet({ path }: ControlNetModel): Promise<Networks> {
  const { controlnet } = await openControlNetCheckpoint(path);
  return new Map([
    ['controlnet', () => networks.controlNet(controlnet)],
    ['hint-encoder', () => networks.hintEncoder(controlnet)],
  ]);
}

function chosen(choices: Networks, name: string | undefined, id: string): () => Graph {
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
