import type { EncoderConfig } from '../graph/configs.ts';
import type { Family } from '../generation/model.ts';

const publicNames: readonly (readonly [name: Family['name'], contextWidth: number])[] = [
  ['sd1', 768],
  ['sd2', 1024],
];

/** The family of a UNet or ControlNet, by its shapes. `latentChannels` are those of the autoencoder it works with. */
export function familyOf(config: EncoderConfig, latentChannels: number): Family {
  const { blockChannels, layersPerBlock, crossAttentionDim: contextWidth } = config;
  const standard = blockChannels.join() === '320,640,1280,1280' && layersPerBlock === 2 && latentChannels === 4;
  const known = publicNames.find(([, width]) => standard && width === contextWidth);
  return { name: known?.[0] ?? 'other', contextWidth, latentChannels, blockChannels, layersPerBlock };
}
