import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeRandomWeights, writeSparseWeights } from './random-weights.ts';
import { clipShapes, sdxlUNetShapes } from './sdxl-shapes.ts';
import {
  blockChannels,
  controlNetShapes,
  realChannels,
  type Shapes,
  textEncoderShapes,
  unetShapes,
  vaeShapes,
} from './shapes.ts';

interface Network {
  readonly folder: string;
  readonly file: string;
  readonly shapes: Shapes;
  readonly config: Readonly<Record<string, unknown>>;
}

function networks(first: number): readonly Network[] {
  const encoder = { block_out_channels: blockChannels(first), cross_attention_dim: 768, attention_head_dim: 8 };
  const file = 'diffusion_pytorch_model.safetensors';
  return [
    {
      folder: 'unet',
      file,
      shapes: unetShapes(first),
      config: { _class_name: 'UNet2DConditionModel', ...encoder },
    },
    {
      folder: 'controlnet',
      file,
      shapes: controlNetShapes(first),
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

/** Those of SDXL: its autoencoder has the shapes of Stable Diffusion 1.5's. */
function sdxlNetworks(channels: number): readonly Network[] {
  const file = 'diffusion_pytorch_model.safetensors';
  const first = { width: 768, layers: 12, projection: false };
  const second = { width: 1280, layers: 32, projection: true };
  const clip = { model_type: 'clip_text_model', eos_token_id: 2 };
  return [
    {
      folder: 'unet',
      file,
      shapes: sdxlUNetShapes(channels),
      config: {
        _class_name: 'UNet2DConditionModel',
        block_out_channels: [channels, 2 * channels, 4 * channels],
        cross_attention_dim: 2048,
        // The number of heads of each level, of 64 channels each.
        attention_head_dim: [channels / 64, channels / 32, channels / 16],
        transformer_layers_per_block: [1, 2, 10],
        use_linear_projection: true,
        addition_embed_type: 'text_time',
        addition_time_embed_dim: 256,
        projection_class_embeddings_input_dim: 2816,
        down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
        up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
      },
    },
    {
      folder: 'vae',
      file,
      shapes: vaeShapes(),
      config: {
        _class_name: 'AutoencoderKL',
        block_out_channels: [128, 256, 512, 512],
        layers_per_block: 2,
        scaling_factor: 0.13025,
        force_upcast: true,
      },
    },
    {
      folder: 'text_encoder',
      file: 'model.safetensors',
      shapes: clipShapes(first),
      config: { ...clip, hidden_size: 768, intermediate_size: 3072, num_attention_heads: 12 },
    },
    {
      folder: 'text_encoder_2',
      file: 'model.safetensors',
      shapes: clipShapes(second),
      config: {
        ...clip,
        hidden_size: 1280,
        intermediate_size: 5120,
        num_attention_heads: 20,
        num_hidden_layers: 32,
        hidden_act: 'gelu',
        projection_dim: 1280,
      },
    },
  ];
}

/**
 * A diffusers folder with the architecture of Stable Diffusion 1.5 and one ControlNet, random weights in float16 (2.8 GB). Made
 * once; a folder that is there is kept. With other channels in the first level its denoiser is as much smaller.
 */
export function makeCheckpoint(folder: string, channels = realChannels): void {
  layOut(folder, networks(channels), writeRandomWeights);
}

/** As {@link makeCheckpoint}, but no weight is written: each file is its header over a hole, for what reads no more than that. */
export function layOutCheckpoint(folder: string): void {
  layOut(folder, networks(realChannels), writeSparseWeights);
}

/** A diffusers folder with the architecture of SDXL, random weights in float16 (6.9 GB), or as much smaller as its first level has fewer channels. */
export function makeSdxlCheckpoint(folder: string, channels = realChannels): void {
  layOut(folder, sdxlNetworks(channels), writeRandomWeights);
}

/** As {@link makeSdxlCheckpoint}, with holes in the place of the weights. */
export function layOutSdxlCheckpoint(folder: string): void {
  layOut(folder, sdxlNetworks(realChannels), writeSparseWeights);
}

function layOut(
  folder: string,
  parts: readonly Network[],
  write: (path: string, shapes: Shapes, seed: number) => void,
): void {
  parts.forEach(({ folder: name, file, shapes, config }, index) => {
    const path = join(folder, name);
    if (existsSync(join(path, 'config.json'))) return;
    mkdirSync(path, { recursive: true });
    write(join(path, file), shapes, index + 1);
    writeFileSync(join(path, 'config.json'), JSON.stringify(config));
  });
}
