import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { layOutCheckpoint } from '../../../bench/real-size/make-checkpoint.ts';
import { writeSparseWeights } from '../../../bench/real-size/random-weights.ts';
import { controlNetShapes } from '../../../bench/real-size/shapes.ts';
import { smallModelPath } from '../../support/golden.ts';

/**
 * Fills a folder with so many times ten files of weights, each a header with a hole behind it: a base model of Stable Diffusion 1.5 with a ControlNet in its folder
 * (four files), a ControlNet as a file and five LoRAs.
 */
export function makeModels(folder: string, tens: number): void {
  mkdirSync(folder, { recursive: true });
  for (let ten = 0; ten < tens; ten++) {
    const base = join(folder, `base-${ten}`);
    layOutCheckpoint(base);
    writeFileSync(join(base, 'model_index.json'), '{"_class_name": "StableDiffusionPipeline"}');
    writeSparseWeights(join(folder, `net-${ten}.safetensors`), controlNetShapes());
    for (let index = 0; index < 5; index++) copyHeader(join(folder, `lora-${ten}-${index}.safetensors`));
  }
}

function copyHeader(to: string): void {
  const path = smallModelPath('formats', 'lora-kohya.safetensors');
  const bytes = readFileSync(path);
  const file = openSync(to, 'w');
  writeSync(file, bytes.subarray(0, 8 + Number(bytes.readBigUInt64LE(0))));
  ftruncateSync(file, statSync(path).size);
  closeSync(file);
}
