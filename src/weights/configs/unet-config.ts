import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import type { UNetConfig } from '../../graph/configs.ts';
import {
  contradiction,
  downBlockTypes,
  encoderBuilt,
  encoderConfig,
  encoderFields,
  encoderSettings,
  perLevelOf,
  transformersFault,
} from './encoder-config.ts';
import { type ConfigSource, parseConfig, type RawConfig, refuseOthers, shown } from './raw-config.ts';
import { layersPerTransformer, transformerLayers } from './transformer-layers.ts';

const schema = z.object({
  ...encoderFields,
  out_channels: z.number().int().positive().default(4),
  down_block_types: downBlockTypes,
  up_block_types: z
    .array(z.enum(['UpBlock2D', 'CrossAttnUpBlock2D']))
    .default(['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D']),
  reverse_transformer_layers_per_block: layersPerTransformer.nullish(),
  time_cond_proj_dim: z.number().int().min(4).max(65_536).multipleOf(2).nullish(),
});

/** The one way of each switch that Stable Diffusion uses, where only a UNet has it. */
const built = {
  ...encoderBuilt,
  attention_type: ['default'],
  center_input_sample: [false],
  class_embeddings_concat: [false],
  conv_in_kernel: [3],
  conv_out_kernel: [3],
  cross_attention_norm: [null],
  dual_cross_attention: [false],
  resnet_out_scale_factor: [1],
  resnet_skip_time_act: [false],
  time_embedding_act_fn: [null],
  time_embedding_dim: [null],
  time_embedding_type: ['positional'],
  timestep_post_act: [null],
};

/** A UNet2DConditionModel's config. Throws `model_invalid` or, for a kind of network that is not built, `not_supported_yet`. */
export function parseUNetConfig(raw: RawConfig, source: ConfigSource): UNetConfig {
  const className = raw['_class_name'] ?? 'UNet2DConditionModel';
  if (className !== 'UNet2DConditionModel') {
    throw new ArmatureError(
      'not_supported_yet',
      `${source} is a ${shown(className)}; UNet2DConditionModel is supported.`,
    );
  }
  refuseOthers(raw, source, built, [
    ...encoderSettings,
    'out_channels',
    'up_block_types',
    'reverse_transformer_layers_per_block',
    'time_cond_proj_dim',
    'mid_block_only_cross_attention',
  ]);
  const parsed = parseConfig(schema, raw, source);
  const upLayers =
    parsed.reverse_transformer_layers_per_block ?? perLevelOf(parsed, parsed.transformer_layers_per_block).toReversed();
  const config: UNetConfig = {
    ...encoderConfig(parsed),
    outChannels: parsed.out_channels,
    ...((parsed.time_cond_proj_dim ?? null) === null ? {} : { guidanceWidth: parsed.time_cond_proj_dim as number }),
    downBlockTypes: parsed.down_block_types,
    upBlockTypes: parsed.up_block_types,
    upTransformerLayers: transformerLayers(
      perLevelOf(parsed, upLayers),
      parsed.up_block_types,
      parsed.layers_per_block + 1,
    ),
  };
  const problem =
    contradiction(config) ??
    (config.upBlockTypes.length === config.blockChannels.length
      ? transformersFault(config.upTransformerLayers, config.layersPerBlock + 1)
      : `up_block_types has ${config.upBlockTypes.length} entries for ${config.blockChannels.length} levels`);
  if (problem !== null) throw new ArmatureError('model_invalid', `The settings in ${source} contradict: ${problem}.`);
  return config;
}
