import type { EncoderConfig } from '../configs.ts';

/** A place on the way down of a UNet, or in its middle, where a T2I-Adapter's feature is added. */
export interface FeaturePlace {
  readonly channels: number;
  /** Latent size divided by this, rounded up once for each halving. */
  readonly downscale: number;
}

/** One place a level, then the middle, in the order of the graph's `feature.<i>` inputs. */
export function featurePlaces(config: EncoderConfig): readonly FeaturePlace[] {
  const { blockChannels } = config;
  const levels = blockChannels.map((channels, level) => ({
    channels,
    downscale: 2 ** (entersBehindDownsampler(config, level) ? level + 1 : level),
  }));
  return [...levels, { channels: blockChannels.at(-1) as number, downscale: 2 ** (blockChannels.length - 1) }];
}

/** In a level without attention a feature is added behind all of it, in others before its size is halved (diffusers). */
export function entersBehindDownsampler({ downBlockTypes, blockChannels }: EncoderConfig, level: number): boolean {
  return downBlockTypes[level] === 'DownBlock2D' && level < blockChannels.length - 1;
}
