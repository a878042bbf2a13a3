import type { Command } from 'commander';
import { ArmatureError } from '../../errors.ts';
import { predictionNamed } from '../../weights/prediction/prediction.ts';
import type { ModelLibrary } from '../../models/library.ts';
import { prepareDataFolder } from '../../records/data-folder/data-folder.ts';
import { libraryOf } from '../../service/library.ts';
import { useData } from '../settings/places.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { describePrediction } from '../../models/kinds/base/kind.ts';
import { distillationIds } from '../../schedulers/distillations.ts';
import { type SamplingFlags, samplingBy, saySampling } from './set-sampling.ts';
import { predictionTypes, type ToldPrediction } from '../../schedulers/prediction-type.ts';
import { setFits, setPrediction, setVae } from '../../models/tell.ts';

interface SetFlags extends SamplingFlags {
  readonly vae?: string;
  readonly fits?: string;
  readonly predictionType?: string;
  readonly zeroSnr?: boolean;
}

export function addSet(models: Command): void {
  const set = models
    .command('set')
    .description('say what a model predicts, is drawn with or is for, where its files do not or are wrong')
    .argument('<id>', 'model, as `armature models list` calls it')
    .option('--prediction-type <type>', `${predictionTypes.join(', ')}, or auto for what its files say`)
    .option('--zero-snr', 'its last training timestep holds no signal (zero terminal SNR)')
    .option('--no-zero-snr', 'it holds some')
    .option(
      '--distilled <how>',
      `of a base model or a LoRA: made to draw in few steps, as ${distillationIds.join(', ')}, or none against what its files say`,
    )
    .option('--steps <number>', 'of a base model: steps of requests that leave them open')
    .option('--guidance <number>', 'of a base model: guidance scale of such requests')
    .option('--scheduler <id>', 'of a base model: sampler of such requests')
    .option('--vae <id>', 'of a base model: autoencoder that it is drawn with; its own id for its own')
    .option(
      '--fits <names>',
      'of an autoencoder or a TAESD: families (sd1, sd2, sdxl) and ids of base models whose latents it is for, separated by commas; auto for what its files say',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  armature models set my-model --prediction-type v_prediction --zero-snr\n  armature models set my-model --vae my-autoencoder\n  armature models set my-turbo --distilled turbo --steps 4\n  armature models set my-taesd --fits sd1,sd2\n',
    )
    .action(async (id: string, flags: SetFlags) => {
      const config = configOf(set);
      useData(config);
      await prepareDataFolder(config.data);
      const library = await libraryOf(config);
      for (const line of await say(library, id, flags)) console.log(line);
    });
  addSettings(set, 'library');
}

/** Says of a model what the flags do; gives what there is to tell of it. */
async function say(library: ModelLibrary, id: string, flags: SetFlags): Promise<readonly string[]> {
  const { predictionType, zeroSnr, vae, fits } = flags;
  const predicts = predictionType !== undefined || zeroSnr !== undefined;
  const sampling = samplingBy(flags);
  if (!predicts && sampling === null && vae === undefined && fits === undefined) {
    throw new ArmatureError(
      'invalid_request',
      'Expected --prediction-type, --zero-snr, --no-zero-snr, --distilled, --steps, --guidance, --scheduler, --vae or --fits.',
    );
  }
  const lines: string[] = [];
  if (predicts) {
    const model = await setPrediction(library, id, toldBy(flags));
    lines.push(`${model.id} predicts ${describePrediction(model.prediction)}.`);
  }
  if (sampling !== null) lines.push(await saySampling(library, id, sampling));
  if (vae !== undefined) {
    const model = await setVae(library, id, vae);
    lines.push(`${model.id} is drawn with ${model.vae ?? 'its own autoencoder'}.`);
  }
  if (fits !== undefined) {
    const model = await setFits(
      library,
      id,
      fits
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    );
    lines.push(`${model.id} is for the latents of ${model.fits?.join(', ') ?? 'what its files say'}.`);
  }
  return lines;
}

function toldBy({ predictionType, zeroSnr }: SetFlags): ToldPrediction | null {
  if (predictionType === undefined) return { zeroSnr };
  if (predictionType === 'auto') {
    if (zeroSnr === undefined) return null;
    throw new ArmatureError(
      'invalid_request',
      'Expected --prediction-type auto alone: it takes back all that was set.',
    );
  }
  const type = predictionNamed(predictionType);
  if (type !== null) return { type, zeroSnr };
  const detail = `Expected ${predictionTypes.join(', ')} or auto as --prediction-type but received ${JSON.stringify(predictionType)}.`;
  throw new ArmatureError('invalid_request', detail, {
    field: 'prediction-type',
    choices: [...predictionTypes, 'auto'],
  });
}
