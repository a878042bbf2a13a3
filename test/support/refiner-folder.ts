import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { smallModelPath } from './golden.ts';

/** Makes the folder of a small refiner: the UNet of the reference, beside the parts of the small SDXL that a refiner has too. */
export function makeRefinerFolder(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const part of ['text_encoder_2', 'tokenizer_2', 'vae', 'scheduler']) {
    cpSync(smallModelPath('models', 'sdxl-tiny', part), join(folder, part), { recursive: true });
  }
  cpSync(smallModelPath('adapters', 'sdxl_extra', 'refiner-unet'), join(folder, 'unet'), { recursive: true });
  const index = JSON.parse(readFileSync(smallModelPath('models', 'sdxl-tiny', 'model_index.json'), 'utf8')) as object;
  writeFileSync(join(folder, 'model_index.json'), JSON.stringify({ ...index, force_zeros_for_empty_prompt: false }));
}
