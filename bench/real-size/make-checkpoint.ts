import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeRandomWeights, writeSparseWeights } from './random-weights.ts';
import { controlNetShapes, type Shapes, textEncoderShapes, unetShapes, vaeShapes } from './shapes.ts';

interface Network {
  readonly folder: string;
  readonly file: string;
  readonly shapes: Shapes;
  readonly config: Readonly<Record<string, unknown>>;
}

const encoder = { block_out_channels: [320, 640, 1280, 1280], cross_attention_dim: 768, attention_head_dim: 8 };

function networks(): readonly Network[] {
  const file = 'diffusion_pytorch_model.safetensors';
  return [
    {
      folder: 'unet',
      file,
      shapes: unetShapes(),
      config: { _class_name: 'UNet2DConditionModel', ...encoder },
    },
    {
      folder: 'controlnet',
      file,
      shapes: controlNetShapes(),
      config: { _class_name: 'ControlNetModel', ...encoder, conditioning_embedding_out_channels: [16, 32, 96, 256] },
    },
    {
      folder: 'vae',
      file,
      shapes: vaeShapes(),
      config: { _class_name: 'AutoencoderKL', block_out_channels: [128, 256, 512, 512], layers_per_block: 2 },
    },
    {
      folder: 'text_encoder',
      file: 'model.safetensors',
      shapes: textEncoderShapes(),
      config: {
        model_type: 'clip_text_model',
        hidden_size: 768,
        intermediate_size: 3072,
        num_attention_heads: 12,
        eos_token_id: 2,
      },
    },
  ];
}

/**
 * A diffusers folder with the architecture of Stable Diffusion 1.5 and one ControlNet, random weights in float16 (2.8 GB). Made
 * once; a folder that is there is kept.
 */
export function makeCheckpoint(folder: string): void {
  layOut(folder, writeRandomWeights);
}

/** As {@link makeCheckpoint}, but no weight is written: each file is its header over a hole, for what reads no more than that. */
export function layOutCheckpoint(folder: string): void {
  layOut(folder, writeSparseWeights);
}

function layOut(folder: string, write: (path: string, shapes: Shapes, seed: number) => void): void {
  networks().forEach(({ folder: name, file, shapes, config }, index) => {
    const path = join(folder, name);
    if (existsSync(join(path, 'config.json'))) return;
    mkdirSync(path, { recursive: true });
    write(join(path, file), shapes, index + 1);
    writeFileSync(join(path, 'config.json'), JSON.stringify(config));
  });
}
