import type { ControlNetConfig } from '../../graph/configs.ts';
import type { RawConfig } from './raw-config.ts';

/** A ControlNet's config.json by diffusers' names: what parseControlNetConfig reads again as the same. Of one that is no union. */
export function writeControlNetConfig(config: ControlNetConfig): RawConfig {
  const { added, middle, downBlockTypes, transformerLayers } = config;
  const last = transformerLayers.length - 1;
  // A level without attention says nothing of its own; the last one tells of the middle too.
  const layers = transformerLayers.map((level, index) => {
    if (downBlockTypes[index] === 'CrossAttnDownBlock2D') return oneOrAll(level);
    return index === last && middle.kind === 'transformer' ? middle.layers : 1;
  });
  const types = { transformer: 'UNetMidBlock2DCrossAttn', residual: 'UNetMidBlock2D', none: null } as const;
  const isTold = middle.kind === 'transformer' && middle.layers !== layers[last];
  return {
    _class_name: 'ControlNetModel',
    act_fn: 'silu',
    addition_embed_type: added === null ? null : 'text_time',
    addition_time_embed_dim: added?.idWidth ?? null,
    attention_head_dim: oneOrAll(config.heads),
    block_out_channels: config.blockChannels,
    class_embed_type: null,
    conditioning_channels: config.conditioningChannels,
    conditioning_embedding_out_channels: config.hintChannels,
    controlnet_conditioning_channel_order: config.channelOrder,
    cross_attention_dim: config.crossAttentionDim,
    down_block_types: downBlockTypes,
    downsample_padding: 1,
    flip_sin_to_cos: config.flipSinToCos,
    freq_shift: config.freqShift,
    global_pool_conditions: config.globalPoolConditions,
    in_channels: config.inChannels,
    layers_per_block: config.layersPerBlock,
    mid_block_scale_factor: 1,
    mid_block_type: types[middle.kind],
    ...(isTold ? { mid_block_transformer_layers: middle.layers } : {}),
    norm_eps: config.normEps,
    norm_num_groups: config.normGroups,
    num_class_embeds: null,
    only_cross_attention: oneOrAll(config.onlyCrossAttention),
    projection_class_embeddings_input_dim: added === null ? null : added.pooledWidth + added.ids * added.idWidth,
    resnet_time_scale_shift: 'default',
    transformer_layers_per_block: oneOrAll(layers),
    upcast_attention: false,
    use_linear_projection: config.useLinearProjection,
  };
}

/** One value where all are the same: every version of diffusers reads that. */
function oneOrAll<Value>(values: readonly Value[]): Value | readonly Value[] {
  const [first] = values;
  return first !== undefined && values.every((value) => value === first) ? first : values;
}
