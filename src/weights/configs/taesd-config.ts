import { ArmatureError } from '../../errors.ts';
import type { TaesdConfig } from '../../graph/configs.ts';
import type { Weights } from '../../graph/weights.ts';
import { type ConfigSource, type RawConfig, refuseOthers, shown } from './raw-config.ts';

/** A TAESD works on the denoiser's latents as they are, and eight pixels of a picture are a cell of them. */
const built = {
  act_fn: ['relu'],
  in_channels: [3],
  out_channels: [3],
  upsample_fn: ['nearest'],
  upsampling_scaling_factor: [2],
  scaling_factor: [1],
  shift_factor: [0, null],
  latent_magnitude: [3],
  latent_shift: [0.5],
};
/** What the weights say too, and have to say alike. */
const inWeights = {
  latent_channels: ({ latentChannels }: TaesdConfig) => latentChannels,
  num_encoder_blocks: ({ encoderBlocks }: TaesdConfig) => encoderBlocks,
  num_decoder_blocks: ({ decoderBlocks }: TaesdConfig) => decoderBlocks,
  block_out_channels: (config: TaesdConfig) => widths(config.encoderBlocks ?? config.decoderBlocks, config),
  encoder_block_out_channels: (config: TaesdConfig) => widths(config.encoderBlocks, config),
  decoder_block_out_channels: (config: TaesdConfig) => widths(config.decoderBlocks, config),
};
/** What changes nothing here: numbers are float32, and pictures have any size. */
const withoutEffect = ['force_upcast', 'sample_size'];

/** Refuses a config.json of what is no TAESD, or of one that is not built. */
export function requireTaesd(raw: RawConfig, source: ConfigSource): void {
  const className = raw['_class_name'];
  if (className !== taesdClass) {
    throw new ArmatureError('not_supported_yet', `${source} is a ${shown(className)}; ${taesdClass} is expected.`);
  }
  refuseOthers(raw, source, built, [...Object.keys(inWeights), ...withoutEffect]);
}

/** Refuses a config.json that says other sizes than the weights beside it have. */
export function requireTaesdSizes(raw: RawConfig, source: ConfigSource, config: TaesdConfig): void {
  for (const [key, sizeOf] of Object.entries(inWeights)) {
    const size = sizeOf(config);
    // A half that is not there says nothing.
    if (raw[key] === undefined || raw[key] === null || size === null) continue;
    if (JSON.stringify(raw[key]) === JSON.stringify(size)) continue;
    throw new ArmatureError(
      'model_invalid',
      `Expected ${key} = ${shown(size)} in ${source}, as the weights have it, but received ${shown(raw[key])}.`,
    );
  }
}

/** All blocks of a TAESD are as wide as its first layer. */
function widths(blocks: readonly number[] | null, { channels }: TaesdConfig): readonly number[] | null {
  return blocks?.map(() => channels) ?? null;
}

/** What diffusers calls it. */
const taesdClass = 'AutoencoderTiny';

/** The architecture of a TAESD from its weights under diffusers' names. `model_invalid` where it has neither half. */
export function inferTaesdConfig(weights: Weights, source: string): TaesdConfig {
  const decoderBlocks = blocksOf(weights, 'decoder');
  const encoderBlocks = blocksOf(weights, 'encoder');
  const first = weights.get('decoder.layers.0.weight')?.shape;
  const last = weights.get(`encoder.layers.${lastLayer(weights, 'encoder')}.weight`)?.shape;
  const latentChannels = first?.[1] ?? last?.[0];
  const channels = first?.[0] ?? last?.[1];
  if (latentChannels === undefined || channels === undefined) {
    throw new ArmatureError('model_invalid', `Expected the first layer of a TAESD in ${source} but it has none.`);
  }
  return { latentChannels, channels, decoderBlocks, encoderBlocks };
}

/** How many residual blocks stand before, between and behind the convolutions that change the size. */
function blocksOf(weights: Weights, half: 'decoder' | 'encoder'): readonly number[] | null {
  const last = lastLayer(weights, half);
  if (last < 0) return null;
  const counts = [0];
  for (let layer = 1; layer < last; layer++) {
    if (weights.has(`${half}.layers.${layer}.conv.0.weight`)) counts[counts.length - 1]! += 1;
    else if (weights.has(`${half}.layers.${layer}.weight`)) counts.push(0);
  }
  return counts;
}

function lastLayer(weights: Weights, half: 'decoder' | 'encoder'): number {
  const layers = [...weights.keys()].map((name) => new RegExp(`^${half}\\.layers\\.(\\d+)\\.`).exec(name)?.[1]);
  return Math.max(-1, ...layers.flatMap((layer) => (layer === undefined ? [] : [Number(layer)])));
}
