import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import type { VaeConfig } from '../../graph/configs.ts';
import { type ConfigSource, parseConfig, type RawConfig, refuseOthers, shown } from './raw-config.ts';

const size = z.number().int().positive().max(1_000_000);
const schema = z.object({
  latent_channels: size.default(4),
  in_channels: size.default(3),
  block_out_channels: z.array(size).nonempty().max(8).default([64]),
  layers_per_block: size.max(16).default(1),
  norm_num_groups: size.default(32),
  scaling_factor: z.number().positive().default(0.18215),
  mid_block_add_attention: z.boolean().default(true),
  use_quant_conv: z.boolean().default(true),
  use_post_quant_conv: z.boolean().default(true),
  down_block_types: z.array(z.literal('DownEncoderBlock2D')).optional(),
  up_block_types: z.array(z.literal('UpDecoderBlock2D')).optional(),
});

const built = {
  act_fn: ['silu', 'swish'],
  shift_factor: [null],
  latents_mean: [null],
  latents_std: [null],
  out_channels: [3],
};
const silent = ['sample_size', 'force_upcast'];

/** An AutoencoderKL's config. Throws `model_invalid` or, for a kind of autoencoder that is not built, `not_supported_yet`. */
export function parseVaeConfig(raw: RawConfig, source: ConfigSource): VaeConfig {
  const className = raw['_class_name'] ?? 'AutoencoderKL';
  if (className !== 'AutoencoderKL') {
    throw new ArmatureError('not_supported_yet', `${source} is a ${shown(className)}; AutoencoderKL is supported.`);
  }
  refuseOthers(raw, source, built, [...Object.keys(schema.shape), ...silent]);
  const parsed = parseConfig(schema, raw, source);
  const uneven = parsed.block_out_channels.find((channels) => channels % parsed.norm_num_groups !== 0);
  if (uneven !== undefined) {
    const problem = `${uneven} channels in ${parsed.norm_num_groups} groups`;
    throw new ArmatureError('model_invalid', `The settings in ${source} contradict: ${problem}.`);
  }
  return {
    latentChannels: parsed.latent_channels,
    imageChannels: parsed.in_channels,
    blockChannels: parsed.block_out_channels,
    layersPerBlock: parsed.layers_per_block,
    normGroups: parsed.norm_num_groups,
    scalingFactor: parsed.scaling_factor,
    midBlockAttention: parsed.mid_block_add_attention,
    quantConv: parsed.use_quant_conv,
    postQuantConv: parsed.use_post_quant_conv,
  };
}
