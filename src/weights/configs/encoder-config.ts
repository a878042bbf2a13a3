import { z } from 'zod';
import type { EncoderConfig } from '../../graph/configs.ts';
import type { BuiltSettings, RawConfig } from './raw-config.ts';

const size = z.number().int().positive().max(1_000_000);
const perLevel = z.union([size, z.array(size).nonempty()]);

/** Settings that a UNet and a ControlNet share; defaults are those of diffusers. */
export const encoderFields = {
  in_channels: size.default(4),
  block_out_channels: z.array(size.multipleOf(2)).nonempty().max(8).default([320, 640, 1280, 1280]),
  layers_per_block: size.max(16).default(2),
  cross_attention_dim: size.default(1280),
  attention_head_dim: perLevel.default(8),
  num_attention_heads: perLevel.nullish(),
  transformer_layers_per_block: perLevel.default(1),
  only_cross_attention: z.union([z.boolean(), z.array(z.boolean())]).default(false),
  use_linear_projection: z.boolean().default(false),
  norm_num_groups: size.default(32),
  norm_eps: z.number().positive().default(1e-5),
  flip_sin_to_cos: z.boolean().default(true),
  freq_shift: z.number().default(0),
};
const encoderSchema = z.object(encoderFields);
export type RawEncoder = z.infer<typeof encoderSchema>;

const defaultDownBlocks = ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'];
export const downBlockTypes = z
  .array(z.enum(['DownBlock2D', 'CrossAttnDownBlock2D']))
  .default(defaultDownBlocks as never);

/** Names that are read, or that say nothing about the network. */
export const encoderSettings = [
  ...Object.keys(encoderFields),
  'down_block_types',
  'upcast_attention',
  'sample_size',
  'dropout',
  'addition_embed_type_num_heads',
  'addition_time_embed_dim',
  'projection_class_embeddings_input_dim',
];

/** The one way of each switch that SD 1.x and 2.x use. */
export const encoderBuilt: BuiltSettings = {
  act_fn: ['silu', 'swish'],
  addition_embed_type: [null],
  class_embed_type: [null],
  downsample_padding: [1],
  encoder_hid_dim: [null],
  encoder_hid_dim_type: [null],
  mid_block_scale_factor: [1],
  mid_block_type: ['UNetMidBlock2DCrossAttn'],
  num_class_embeds: [null],
  resnet_time_scale_shift: ['default'],
};

/**
 * One entry a level. `attention_head_dim` is the number of heads, not their width: diffusers named it wrongly and keeps it
 * so; `num_attention_heads` goes before it where it is given.
 */
export function encoderConfig(raw: RawEncoder): Omit<EncoderConfig, 'downBlockTypes'> {
  const levels = raw.block_out_channels.length;
  const each = <Value>(value: Value | readonly Value[]): readonly Value[] =>
    Array.isArray(value) ? (value as readonly Value[]) : Array.from({ length: levels }, () => value as Value);
  return {
    inChannels: raw.in_channels,
    blockChannels: raw.block_out_channels,
    layersPerBlock: raw.layers_per_block,
    crossAttentionDim: raw.cross_attention_dim,
    heads: each(raw.num_attention_heads ?? raw.attention_head_dim),
    transformerLayers: each(raw.transformer_layers_per_block),
    onlyCrossAttention: each(raw.only_cross_attention),
    useLinearProjection: raw.use_linear_projection,
    normGroups: raw.norm_num_groups,
    normEps: raw.norm_eps,
    flipSinToCos: raw.flip_sin_to_cos,
    freqShift: raw.freq_shift,
  };
}

/** What does not fit together in a config that is valid setting by setting, or null. */
export function contradiction(config: EncoderConfig): string | null {
  const levels = config.blockChannels.length;
  const lists = { ...config } as unknown as Record<string, readonly unknown[]>;
  for (const name of ['downBlockTypes', 'heads', 'transformerLayers', 'onlyCrossAttention']) {
    if (lists[name]?.length !== levels) return `${name} has ${lists[name]?.length} entries for ${levels} levels`;
  }
  for (const [level, channels] of config.blockChannels.entries()) {
    const heads = config.heads[level] as number;
    if (channels % config.normGroups !== 0) return `${channels} channels in ${config.normGroups} groups`;
    if (hasAttention(config, level) && channels % heads !== 0) return `${channels} channels in ${heads} heads`;
  }
  return null;
}

/** The middle has the last level's width and a transformer of its own. */
function hasAttention(config: EncoderConfig, level: number): boolean {
  return config.downBlockTypes[level] === 'CrossAttnDownBlock2D' || level === config.blockChannels.length - 1;
}

/** SDXL's networks say so; their own message is clearer than that of the one setting. */
export function isSdxl(raw: RawConfig): boolean {
  return raw['addition_embed_type'] === 'text_time';
}
