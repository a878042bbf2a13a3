import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import type { AdapterLevel, T2iAdapterConfig } from '../../graph/configs.ts';
import { type ConfigSource, parseConfig, type RawConfig, refuseOthers, shown } from './raw-config.ts';

const size = z.number().int().positive().max(1_000_000);
const fields = {
  adapter_type: z.enum(['full_adapter', 'full_adapter_xl', 'light_adapter']).default('full_adapter'),
  channels: z.array(size).min(1).max(8).default([320, 640, 1280, 1280]),
  downscale_factor: z.number().int().min(1).max(64).default(8),
  in_channels: size.default(3),
  num_res_blocks: size.max(16).default(2),
};
const schema = z.object(fields);

/** The adapter of SDXL halves once, before its third level. */
export const halvedXlLevel = 2;

/** A T2IAdapter's config as diffusers writes it. Throws `model_invalid`, or `not_supported_yet` for another kind of adapter. */
export function parseT2iAdapterConfig(raw: RawConfig, source: ConfigSource): T2iAdapterConfig {
  const className = raw['_class_name'] ?? 'T2IAdapter';
  if (className !== 'T2IAdapter') {
    throw new ArmatureError('not_supported_yet', `${source} is a ${shown(className)}: not supported yet.`);
  }
  refuseOthers(raw, source, {}, Object.keys(fields));
  const {
    adapter_type: type,
    channels,
    downscale_factor,
    in_channels,
    num_res_blocks,
  } = parseConfig(schema, raw, source);
  const widths = type === 'light_adapter' ? [...channels, channels.at(-1) as number] : channels;
  return adapterConfig(
    {
      kind: type === 'light_adapter' ? 'light' : 'full',
      conditioningChannels: in_channels,
      cell: downscale_factor,
      levels: widths.map((width, level): AdapterLevel => {
        const halves = type === 'full_adapter_xl' ? level === halvedXlLevel : level > 0;
        return { channels: width, halved: halves ? 'by means' : 'no' };
      }),
      resnets: num_res_blocks,
      kernel: 1,
    },
    source,
  );
}

/** Throws `model_invalid` for settings that contradict, `not_supported_yet` for maps of other channels than 1 or 3. */
export function adapterConfig(config: T2iAdapterConfig, source: ConfigSource): T2iAdapterConfig {
  const { kind, conditioningChannels, levels } = config;
  if (conditioningChannels !== 1 && conditioningChannels !== 3) {
    const detail = `The T2I-Adapter ${source} takes maps of ${conditioningChannels} channels: 3 (RGB) and 1 (grey) are supported.`;
    throw new ArmatureError('not_supported_yet', detail);
  }
  const odd = kind === 'light' ? levels.find(({ channels }) => channels % 4 !== 0) : undefined;
  if (odd === undefined) return config;
  const detail = `Expected channels that are multiples of 4 in the light T2I-Adapter ${source} but received ${odd.channels}.`;
  throw new ArmatureError('model_invalid', detail);
}
