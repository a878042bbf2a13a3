import type { Command } from 'commander';
import { ArmatureError } from '../../errors.ts';
import { predictionNamed } from '../../weights/prediction/prediction.ts';
import { libraryOf } from '../../service/library.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { describePrediction } from '../../models/kinds/base/kind.ts';
import { predictionTypes, type ToldPrediction } from '../../schedulers/prediction-type.ts';

interface SetFlags {
  readonly predictionType?: string;
  readonly zeroSnr?: boolean;
}

export function addSet(models: Command): void {
  const set = models
    .command('set')
    .description('say what a base model predicts, where its files do not or are wrong')
    .argument('<id>', 'base model, as `armature models list` calls it')
    .option('--prediction-type <type>', `${predictionTypes.join(', ')}, or auto for what its files say`)
    .option('--zero-snr', 'its last training timestep holds no signal (zero terminal SNR)')
    .option('--no-zero-snr', 'it holds some')
    .addHelpText('after', '\nExample:\n  armature models set my-model --prediction-type v_prediction --zero-snr\n')
    .action(async (id: string, flags: SetFlags) => {
      const model = await (await libraryOf(configOf(set))).setPrediction(id, toldBy(flags));
      console.log(`${model.id} predicts ${describePrediction(model.prediction)}.`);
    });
  addSettings(set, 'library');
}

function toldBy({ predictionType, zeroSnr }: SetFlags): ToldPrediction | null {
  if (predictionType === undefined && zeroSnr === undefined) {
    throw new ArmatureError('invalid_request', 'Expected --prediction-type, --zero-snr or --no-zero-snr.');
  }
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
