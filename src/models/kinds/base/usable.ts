import { ArmatureError } from '../../../errors.ts';
import { type ModelSchedule, noiseScheduleFrom } from '../../../schedulers/scheduler-config.ts';
import { loadTokenizer } from '../../../pipeline/tokenizer/load-tokenizer.ts';
import type { BaseCheckpoint } from '../../../weights/checkpoint.ts';
import { requireCompleteBase } from '../../../weights/complete.ts';

/**
 * Everything that would fail at a model's first picture, asked before it is listed: each weight of its networks, how it was
 * trained, its tokenizer. Returns how it is sampled. Throws as the parts themselves do; no weights are read.
 */
export async function requireUsableBase(checkpoint: BaseCheckpoint, name: string): Promise<ModelSchedule> {
  requireCompleteBase(checkpoint, name);
  const schedule = noiseScheduleFrom(
    checkpoint.schedulerConfig,
    checkpoint.unet.config.added === null ? 'sd15' : 'sdxl',
  );
  for (const { tokenizer, config } of checkpoint.textEncoders) {
    if (tokenizer.folder === null) continue;
    const { largestId } = await loadTokenizer(tokenizer.folder);
    const { vocabularySize } = config;
    if (largestId < vocabularySize) continue;
    const detail = `The text encoder of ${name} knows ${vocabularySize} tokens, but its tokenizer gives ids up to ${largestId}.`;
    throw new ArmatureError('model_invalid', detail);
  }
  return schedule;
}
