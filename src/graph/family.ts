import type { EncoderConfig } from './configs.ts';

export const publicNames: readonly (readonly [name: Family['name'], contextWidth: number])[] = [
  ['sd1', 768],
  ['sd2', 1024],
];

/**
 * What decides whether a ControlNet fits a base model, read from tensor shapes, never from names: both must be equal in
 * every field.
 */
export interface Family {
  /** `sd1`, `sd2`, or `other` for an architecture of these networks that has no public name. */
  readonly name: 'sd1' | 'sd2' | 'sdxl' | 'other';
  readonly contextWidth: number;
  readonly latentChannels: number;
  readonly blockChannels: readonly number[];
  readonly layersPerBlock: number;
}

/** The family of a UNet or ControlNet, by its shapes. `latentChannels` are those of the autoencoder it works with. */
export function familyOf(config: EncoderConfig, latentChannels: number): Family {
  const { blockChannels, layersPerBlock, crossAttentionDim: contextWidth } = config;
  const standard = blockChannels.join() === '320,640,1280,1280' && layersPerBlock === 2 && latentChannels === 4;
  const known = publicNames.find(([, width]) => standard && width === contextWidth);
  return { name: known?.[0] ?? 'other', contextWidth, latentChannels, blockChannels, layersPerBlock };
}
