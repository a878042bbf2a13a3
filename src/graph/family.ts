import type { EncoderConfig } from './configs.ts';

export const publicNames: readonly (readonly [name: Family['name'], contextWidth: number])[] = [
  ['sd1', 768],
  ['sd2', 1024],
  ['sdxl', 2048],
];

/** Channels of the levels of each; pruned models of SDXL have fewer layers in them. */
const levels: Readonly<Record<Exclude<Family['name'], 'other'>, string>> = {
  sd1: '320,640,1280,1280',
  sd2: '320,640,1280,1280',
  sdxl: '320,640,1280',
};

/**
 * What decides whether a ControlNet fits a base model, read from tensor shapes, never from names: both must be equal in
 * every field.
 */
export interface Family {
  /** `sd1`, `sd2`, `sdxl`, or `other` for an architecture of these networks that has no public name. */
  readonly name: 'sd1' | 'sd2' | 'sdxl' | 'other';
  readonly contextWidth: number;
  readonly latentChannels: number;
  readonly blockChannels: readonly number[];
  readonly layersPerBlock: number;
}

/** The family of a UNet or ControlNet, by its shapes. `latentChannels` are those of the autoencoder it works with. */
export function familyOf(
  config: Pick<EncoderConfig, 'blockChannels' | 'layersPerBlock' | 'crossAttentionDim'>,
  latentChannels: number,
): Family {
  const { blockChannels, layersPerBlock, crossAttentionDim: contextWidth } = config;
  const [name] = publicNames.find(([, width]) => width === contextWidth) ?? [];
  const isKnown =
    name !== undefined && name !== 'other' && blockChannels.join() === levels[name] && latentChannels === 4;
  const isWhole = layersPerBlock === 2 || name === 'sdxl';
  return { name: isKnown && isWhole ? name : 'other', contextWidth, latentChannels, blockChannels, layersPerBlock };
}
