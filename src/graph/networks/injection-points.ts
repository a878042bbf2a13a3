import type { EncoderConfig } from '../configs.ts';

/** A place where a ControlNet's residual is added: a skip connection of the UNet, or its middle (the last one). */
export interface InjectionPoint {
  readonly channels: number;
  /** Latent size divided by this, rounded up once for each halving. */
  readonly downscale: number;
}

/** The injection points in the order of the graph's `residual.<i>` inputs and outputs. */
export function injectionPoints(config: EncoderConfig): readonly InjectionPoint[] {
  const { blockChannels, layersPerBlock } = config;
  const points: InjectionPoint[] = [{ channels: blockChannels[0] as number, downscale: 1 }];
  let downscale = 1;
  blockChannels.forEach((channels, level) => {
    for (let layer = 0; layer < layersPerBlock; layer++) points.push({ channels, downscale });
    if (level === blockChannels.length - 1) return;
    downscale *= 2;
    points.push({ channels, downscale });
  });
  points.push({ channels: blockChannels.at(-1) as number, downscale });
  return points;
}
