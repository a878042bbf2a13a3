import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import type { ControlNetConfig, UnionConfig } from '../../graph/configs.ts';
import {
  contradiction,
  downBlockTypes,
  encoderBuilt,
  encoderConfig,
  encoderFields,
  encoderSettings,
} from './encoder-config.ts';
import { type ConfigSource, parseConfig, type RawConfig, refuseOthers, shown } from './raw-config.ts';

const hintFields = {
  conditioning_channels: z.number().int().positive().default(3),
  conditioning_embedding_out_channels: z.array(z.number().int().positive()).length(4).default([16, 32, 96, 256]),
  global_pool_conditions: z.boolean().default(false),
  controlnet_conditioning_channel_order: z.enum(['rgb', 'bgr']).default('rgb'),
};
const schema = z.object({ ...encoderFields, ...hintFields, down_block_types: downBlockTypes });

const size = z.number().int().positive().max(1000);
/** Heads and width of its transformer follow from its weights. */
const unionFields = { num_control_type: size.default(6), num_trans_layer: size.default(1) };
const unionSettings = [...Object.keys(unionFields), 'num_trans_channel', 'num_trans_head', 'num_proj_channel'];
const unionName = 'ControlNetUnionModel';

/** A ControlNetModel's config. Throws `model_invalid` or, for a kind of network that is not built, `not_supported_yet`. */
export function parseControlNetConfig(raw: RawConfig, source: ConfigSource): ControlNetConfig {
  const className = raw['_class_name'] ?? 'ControlNetModel';
  const isUnion = className === unionName;
  if (className !== 'ControlNetModel' && !isUnion) {
    throw new ArmatureError('not_supported_yet', `${source} is a ${shown(className)}: not supported yet.`);
  }
  refuseOthers(raw, source, encoderBuilt, [
    ...encoderSettings,
    ...Object.keys(hintFields),
    ...(isUnion ? unionSettings : []),
  ]);
  const parsed = parseConfig(schema, raw, source);
  const config: ControlNetConfig = {
    ...encoderConfig(parsed),
    downBlockTypes: parsed.down_block_types,
    conditioningChannels: parsed.conditioning_channels,
    hintChannels: parsed.conditioning_embedding_out_channels,
    globalPoolConditions: parsed.global_pool_conditions,
    channelOrder: parsed.controlnet_conditioning_channel_order,
    ...(isUnion ? { union: unionConfig(raw, source) } : {}),
  };
  const problem =
    isUnion && config.added === null ? 'a union ControlNet without addition_embed_type' : contradiction(config);
  if (problem !== null) throw new ArmatureError('model_invalid', `The settings in ${source} contradict: ${problem}.`);
  return config;
}

function unionConfig(raw: RawConfig, source: ConfigSource): UnionConfig {
  const { num_control_type: types, num_trans_layer: layers } = parseConfig(z.object(unionFields), raw, source);
  return { types, layers };
}
