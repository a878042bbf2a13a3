import { type Command, Option } from 'commander';
import { ArmatureError } from '../../errors.ts';
import { trainingRequest } from '../../generation/request/training.ts';
import { type CommandField, commandFields } from '../controls/command-fields.ts';

/** What other trainers (kohya's, diffusers' and ai-toolkit's) call an option, and our field of the same meaning and values. */
export const otherNames: Readonly<Record<string, keyof typeof trainingRequest.shape>> = {
  max_train_steps: 'steps',
  max_train_epochs: 'epochs',
  num_train_epochs: 'epochs',
  train_batch_size: 'batch',
  gradient_accumulation_steps: 'accumulation',
  learning_rate: 'learning_rate',
  lr: 'learning_rate',
  lr_scheduler: 'schedule',
  lr_warmup_steps: 'warmup',
  min_snr_gamma: 'min_snr_gamma',
  snr_gamma: 'min_snr_gamma',
  flip_aug: 'flip',
  random_flip: 'flip',
  caption_dropout_rate: 'prompt_dropout',
  proportion_empty_prompts: 'prompt_dropout',
  network_dim: 'rank',
  lora_rank: 'rank',
  network_alpha: 'alpha',
  lora_alpha: 'alpha',
  trigger_word: 'trigger_word',
  output_name: 'name',
};

/** Gives a command the fields of a training, under their own names and under those of other trainers, which its help leaves out. */
export function addTrainingOptions(command: Command): void {
  for (const { option } of trainingFields()) command.addOption(option);
}

/** The request that options say, as commander names them. @throws ArmatureError `invalid_request` where one is given under two names */
export function trainingBody(options: object): Readonly<Record<string, unknown>> {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const body: Record<string, unknown> = {};
  const flags = new Map<string, string>();
  for (const { path, option } of trainingFields()) {
    const [field] = path;
    const value = given[option.attributeName()];
    if (value === undefined) continue;
    const flag = option.long ?? '';
    const before = flags.get(field);
    if (before !== undefined) {
      throw new ArmatureError('invalid_request', `Expected either ${before} or ${flag} but received both.`, { field });
    }
    flags.set(field, flag);
    body[field] = value;
  }
  return body;
}

function trainingFields(): readonly CommandField[] {
  const own = commandFields(trainingRequest);
  const others = Object.entries(otherNames).flatMap(([name, field]): readonly CommandField[] => {
    const meant = own.find(({ path }) => path[0] === field);
    return meant === undefined ? [] : [{ path: meant.path, option: calledOtherwise(meant.option, name) }];
  });
  return [...own, ...others];
}

function calledOtherwise({ flags, long, description, parseArg }: Option, name: string): Option {
  const option = new Option(flags.replace(long ?? '', `--${name}`), description).hideHelp();
  return parseArg === undefined ? option : option.argParser(parseArg);
}
