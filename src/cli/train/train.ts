import { basename, resolve } from 'node:path';
import { randomInt } from 'node:crypto';
import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import { usableMemory } from '../../config/settings/memory.ts';
import { parseOptions } from '../../conditions/contract/options.ts';
import { conditionOf } from '../../conditions/registry.ts';
import { openExtractor } from '../../service/open-extractor.ts';
import { findBase } from '../../generation/models/base.ts';
import { findInit } from '../../generation/kinds/training/resolve.ts';
import { findVae } from '../../generation/models/vae.ts';
import { check } from '../../generation/parse.ts';
import { trainingRequest } from '../../generation/request/training.ts';
import { decodeHere } from '../../images/decoder/decoder.ts';
import { slug } from '../../models/names/model-id.ts';
import { deviceSettings } from '../../service/device-settings.ts';
import { libraryOf } from '../../service/library.ts';
import { interruption } from '../../service/shutdown.ts';
import { dryRun } from '../../training/dry-run.ts';
import { runTraining } from '../../training/run-training.ts';
import type { TrainingTools } from '../../training/training-tools.ts';
import { useData } from '../settings/places.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { isStopped } from '../terminal/exit-codes.ts';
import { estimateLines } from './estimate-lines.ts';
import { holdFolder } from './hold-folder.ts';
import { showTraining } from './show-training.ts';
import { addTrainingOptions, trainingBody } from './training-options.ts';

const examples = `
Examples:
  armature train pairs/ --kind controlnet --condition canny --steps 4000 --batch 4 -o my-canny
  armature train pairs/ --kind controlnet --condition my-sketch --epochs 10 --schedule cosine -o my-sketch
  armature train photos/ --kind lora --rank 16 --steps 800 --trigger-word "sks cup" -o cup

DATA is a set of pictures with captions and, for a ControlNet, maps: what it may look like is in docs/training.md.
The output is a folder of its own: put it where your models are, or name it with --models. The same command once more goes on
with a training that was stopped, from its last checkpoint, and ends with the same weights.
Options are taken under the names of other trainers too, such as --network_dim and --max_train_steps: docs/training.md has them.
`;

interface Options {
  readonly output: string;
  readonly dryRun?: true;
}

export function addTrain(command: Command): void {
  command
    .argument('<data>', 'set of pictures with captions and maps')
    .requiredOption('-o, --output <folder>', 'where to: a new folder, or that of the same training');
  command.option('--dry-run', 'measure what it would take on this machine, train nothing and leave nothing behind');
  addTrainingOptions(command);
  addSettings(command, 'library', 'networks');
  command.addHelpText('after', examples);
  command.action(async (data: string, options: Options) => await trainHere(configOf(command), data, options));
}

async function trainHere(config: Config, data: string, options: Options): Promise<void> {
  const request = check(trainingRequest, trainingBody(options));
  useData(config);
  const { signal, release } = interruption();
  const extractor = openExtractor(config);
  const shown = showTraining();
  try {
    const library = await libraryOf(config);
    const base = await library.find(findBase, request.base ?? config.model);
    const vae = base.vae === null ? null : await library.find(findVae, base.vae);
    const init = await library.ask((models) => findInit(models, request, base));
    const places = { data, output: options.output, name: slug(basename(resolve(options.output))) };
    const tools: TrainingTools = {
      base,
      vae,
      init,
      settings: deviceSettings(config),
      usableMemory: usableMemory(),
      decoder: decodeHere,
      extract: async (condition, picture) => {
        const preprocess = parseOptions(conditionOf(condition), {}, 'condition');
        return await extractor.extract(condition, picture, preprocess, signal, { map: picture });
      },
      hold: holdFolder,
      randomSeed: () => randomInt(2 ** 32),
      now: () => new Date(),
    };
    const watcher = { signal, ...shown };
    if (options.dryRun === true) {
      const estimate = await dryRun(request, places, tools, watcher);
      shown.stop();
      for (const line of estimateLines(estimate)) console.log(line);
      return;
    }
    const written = await runTraining(request, places, tools, watcher);
    shown.stop();
    for (const path of written) console.log(path);
  } catch (error) {
    shown.stop();
    if (isStopped(error) && options.dryRun !== true)
      console.error(`The same command goes on from the last checkpoint in ${options.output}.`);
    throw error;
  } finally {
    shown.stop();
    release();
    await extractor.close();
  }
}
