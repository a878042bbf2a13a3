import type { TrainingRequest } from './training.ts';

/** What other trainers (kohya's, diffusers' and ai-toolkit's) call an option, and our field of the same meaning and values. */
export const otherNames: Readonly<Record<string, keyof TrainingRequest>> = {
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
