import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeRandomWeights } from './random-weights.ts';
import { realChannels, type Shapes, unetShapes } from './shapes.ts';

/** Ranks of the LoRAs: the one that is measured alone, and the three that are merged together. */
export const oneRank = [32];
export const threeRanks = [16, 64, 128];

/** LoRAs with kohya's names for every linear layer of the UNet's transformers, random weights in float16. Files that are there are kept. */
export function makeLoras(folder: string, channels = realChannels): void {
  mkdirSync(join(folder, 'loras'), { recursive: true });
  for (const rank of [...oneRank, ...threeRanks]) {
    const path = loraPath(folder, rank);
    if (!existsSync(path)) writeRandomWeights(path, loraShapes(rank, channels), rank);
  }
}

export function loraPath(folder: string, rank: number): string {
  return join(folder, 'loras', `rank-${rank}.safetensors`);
}

/** Names and shapes of the tensors of a LoRA of that rank. */
export function loraShapes(rank: number, channels = realChannels): Shapes {
  const layers = Object.entries(unetShapes(channels)).filter(
    ([name, shape]) => name.includes('.transformer_blocks.') && shape.length === 2,
  );
  return Object.fromEntries(
    layers.flatMap(([name, [outputs = 0, inputs = 0]]) => {
      const module = `lora_unet_${name.replace(/\.weight$/, '').replaceAll('.', '_')}`;
      return [
        [`${module}.lora_down.weight`, [rank, inputs]],
        [`${module}.lora_up.weight`, [outputs, rank]],
      ];
    }),
  );
}
