/** Sizes and switches of the networks, named as in the diffusers and transformers config files, one entry a level where they vary. */
export interface TextEncoderConfig {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly maxPositions: number;
  readonly activation: 'quick_gelu' | 'gelu';
  readonly layerNormEps: number;
  readonly eosTokenId: number;
}

export type DownBlockType = 'DownBlock2D' | 'CrossAttnDownBlock2D';
export type UpBlockType = 'UpBlock2D' | 'CrossAttnUpBlock2D';

/** The half of a UNet that goes down, and its middle: what a UNet and its ControlNets have in common. */
export interface EncoderConfig {
  readonly inChannels: number;
  readonly blockChannels: readonly number[];
  readonly downBlockTypes: readonly DownBlockType[];
  readonly layersPerBlock: number;
  readonly crossAttentionDim: number;
  /** Attention heads at each level. */
  readonly heads: readonly number[];
  /** Transformer blocks in each transformer of a level. */
  readonly transformerLayers: readonly number[];
  /** Whether the first attention of a level's transformer blocks looks at the context too. */
  readonly onlyCrossAttention: readonly boolean[];
  readonly useLinearProjection: boolean;
  readonly normGroups: number;
  readonly normEps: number;
  readonly flipSinToCos: boolean;
  readonly freqShift: number;
}

export interface UNetConfig extends EncoderConfig {
  readonly outChannels: number;
  readonly upBlockTypes: readonly UpBlockType[];
}

export interface ControlNetConfig extends EncoderConfig {
  readonly conditioningChannels: number;
  readonly hintChannels: readonly number[];
  /** Each residual is averaged over the picture (the shuffle ControlNet). */
  readonly globalPoolConditions: boolean;
  readonly channelOrder: 'rgb' | 'bgr';
}

export interface VaeConfig {
  readonly latentChannels: number;
  readonly imageChannels: number;
  readonly blockChannels: readonly number[];
  readonly layersPerBlock: number;
  readonly normGroups: number;
  /** Latents of the diffusion process are the encoder's times this. */
  readonly scalingFactor: number;
  readonly midBlockAttention: boolean;
  readonly quantConv: boolean;
  readonly postQuantConv: boolean;
}
