import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layOutCheckpoint, layOutSdxlCheckpoint } from '../../../bench/real-size/make-checkpoint.ts';
import { loraShapes } from '../../../bench/real-size/make-loras.ts';
import { writeSparseWeights } from '../../../bench/real-size/random-weights.ts';
import { controlNetShapes } from '../../../bench/real-size/shapes.ts';

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
    for (let index = 0; index < 5; index++) {
      writeSparseWeights(join(folder, `lora-${ten}-${index}.safetensors`), loraShapes(32));
    }
  }
}

/** Fills a folder with base models of SDXL, four files of weights each. */
export function makeSdxlModels(folder: string, count: number): void {
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < count; index++) {
    const base = join(folder, `base-${index}`);
    layOutSdxlCheckpoint(base);
    writeFileSync(join(base, 'model_index.json'), '{"_class_name": "StableDiffusionXLPipeline"}');
  }
}
