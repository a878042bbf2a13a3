import { z } from 'zod';
import type { EncoderConfig } from '../../graph/configs.ts';
import { addedConfig } from './added-config.ts';
import type { BuiltSettings } from './raw-config.ts';
import { layersPerTransformer, middleOf, transformerLayers } from './transformer-layers.ts';

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
  transformer_layers_per_block: layersPerTransformer.default(1),
  mid_block_type: z.enum(['UNetMidBlock2DCrossAttn', 'UNetMidBlock2D']).nullable().default('UNetMidBlock2DCrossAttn'),
  mid_block_transformer_layers: z.number().int().positive().max(100).nullish(),
  addition_embed_type: z.literal('text_time').nullable().default(null),
  addition_time_embed_dim: size.multipleOf(2).nullish(),
  projection_class_embeddings_input_dim: size.nullish(),
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
];

/** The ways of each switch that Stable Diffusion uses. */
export const encoderBuilt: BuiltSettings = {
  act_fn: ['silu', 'swish'],
  addition_embed_type: [null, 'text_time'],
  class_embed_type: [null],
  downsample_padding: [1],
  encoder_hid_dim: [null],
  encoder_hid_dim_type: [null],
  mid_block_scale_factor: [1],
  mid_block_type: ['UNetMidBlock2DCrossAttn', 'UNetMidBlock2D', null],
  num_class_embeds: [null],
  resnet_time_scale_shift: ['default'],
};

/** Settings that a network has one of at each level, whatever a config gives one of. */
export function perLevelOf<Value>(raw: Pick<RawEncoder, 'block_out_channels'>, value: Value | readonly Value[]) {
  return Array.isArray(value)
    ? (value as readonly Value[])
    : Array.from({ length: raw.block_out_channels.length }, () => value as Value);
}

/**
 * One entry a level. `attention_head_dim` is the number of heads, not their width: diffusers named it wrongly and keeps it
 * so; `num_attention_heads` goes before it where it is given.
 */
export function encoderConfig(raw: RawEncoder & { readonly down_block_types: readonly string[] }) {
  const layers = perLevelOf(raw, raw.transformer_layers_per_block);
  const { addition_time_embed_dim: idWidth, projection_class_embeddings_input_dim: inputs } = raw;
  return {
    inChannels: raw.in_channels,
    blockChannels: raw.block_out_channels,
    layersPerBlock: raw.layers_per_block,
    crossAttentionDim: raw.cross_attention_dim,
    heads: perLevelOf(raw, raw.num_attention_heads ?? raw.attention_head_dim),
    transformerLayers: transformerLayers(layers, raw.down_block_types, raw.layers_per_block),
    middle: middleOf(raw.mid_block_type, raw.mid_block_transformer_layers ?? layers.at(-1) ?? 1),
    onlyCrossAttention: perLevelOf(raw, raw.only_cross_attention),
    useLinearProjection: raw.use_linear_projection,
    normGroups: raw.norm_num_groups,
    normEps: raw.norm_eps,
    flipSinToCos: raw.flip_sin_to_cos,
    freqShift: raw.freq_shift,
    added: raw.addition_embed_type === null ? null : addedConfig(inputs ?? 0, idWidth ?? 2),
  } satisfies Omit<EncoderConfig, 'downBlockTypes'>;
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
  if (config.added !== null && config.added.pooledWidth <= 0) {
    return 'addition_embed_type is text_time, but addition_time_embed_dim and projection_class_embeddings_input_dim leave no room for pooled text';
  }
  return transformersFault(config.transformerLayers, config.layersPerBlock);
}

/** Where a level tells of another number of transformers than it has. */
export function transformersFault(levels: readonly (readonly number[])[], transformers: number): string | null {
  const other = levels.find(({ length }) => length !== transformers);
  return other === undefined ? null : `${other.length} transformers in a level of ${transformers} residual blocks`;
}

/** The middle has the last level's width and a transformer of its own. */
function hasAttention(config: EncoderConfig, level: number): boolean {
  const isLast = level === config.blockChannels.length - 1;
  return config.downBlockTypes[level] === 'CrossAttnDownBlock2D' || (isLast && config.middle.kind === 'transformer');
}
