/** Sizes and switches of the networks, named as in the diffusers and transformers config files, one entry a level where they vary. */
export interface ClipLayersConfig {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly activation: 'quick_gelu' | 'gelu';
  readonly layerNormEps: number;
}

export interface TextEncoderConfig extends ClipLayersConfig {
  readonly vocabularySize: number;
  readonly maxPositions: number;
  readonly eosTokenId: number;
  /** Which state is the context: the last one, normed, or, in SDXL, the one before it as it is. */
  readonly context: 'last' | 'penultimate';
  /** Width to which the normed last state at the end of the text is projected; null where it is not. */
  readonly projectionWidth: number | null;
}

export type DownBlockType = 'DownBlock2D' | 'CrossAttnDownBlock2D';
export type UpBlockType = 'UpBlock2D' | 'CrossAttnUpBlock2D';

/** What networks of SDXL are told beside the timestep and the context. */
export interface AddedConfig {
  /** Width of the pooled text. */
  readonly pooledWidth: number;
  /** Numbers that tell of the picture's size: 6, or 5 in a refiner. */
  readonly ids: number;
  /** Width of the sinusoids of each. */
  readonly idWidth: number;
}

/** The half of a UNet that goes down, and its middle: what a UNet and its ControlNets have in common. */
export interface EncoderConfig {
  readonly inChannels: number;
  readonly blockChannels: readonly number[];
  readonly downBlockTypes: readonly DownBlockType[];
  readonly layersPerBlock: number;
  readonly crossAttentionDim: number;
  /** Attention heads at each level. */
  readonly heads: readonly number[];
  /** Transformer blocks behind each residual block on the way down, by level; 0: no transformer. */
  readonly transformerLayers: readonly (readonly number[])[];
  readonly middle: MiddleConfig;
  /** Whether the first attention of a level's transformer blocks looks at the context too. */
  readonly onlyCrossAttention: readonly boolean[];
  readonly useLinearProjection: boolean;
  readonly normGroups: number;
  readonly normEps: number;
  readonly flipSinToCos: boolean;
  readonly freqShift: number;
  /** Null in Stable Diffusion 1.x and 2.x. */
  readonly added: AddedConfig | null;
}

/** Two residual blocks with a transformer between them, one residual block, or nothing. */
export type MiddleConfig =
  | { readonly kind: 'transformer'; readonly layers: number }
  | { readonly kind: 'residual' }
  | { readonly kind: 'none' };

export interface UNetConfig extends EncoderConfig {
  readonly outChannels: number;
  /** Width of the sinusoids of the guidance, in networks that take it as an input; absent of all others. */
  readonly guidanceWidth?: number;
  readonly upBlockTypes: readonly UpBlockType[];
  /** Transformer blocks behind each residual block on the way up, deepest level first; 0: no transformer. */
  readonly upTransformerLayers: readonly (readonly number[])[];
}

export interface ControlNetConfig extends EncoderConfig {
  readonly conditioningChannels: number;
  readonly hintChannels: readonly number[];
  /** Each residual is averaged over the picture (the shuffle ControlNet). */
  readonly globalPoolConditions: boolean;
  readonly channelOrder: 'rgb' | 'bgr';
  /** Of one that takes maps of several types; absent of all others. */
  readonly union?: UnionConfig;
}

/** What a union ControlNet has beside an ordinary one. */
export interface UnionConfig {
  /** How many types of maps it takes. */
  readonly types: number;
  /** Transformer blocks that a type's token goes through. */
  readonly layers: number;
}

/** A T2I-Adapter, which makes a feature of a map for each of its levels. */
export interface T2iAdapterConfig {
  readonly kind: 'full' | 'light';
  /** Of a map: 3 of RGB, or 1, grey. */
  readonly conditioningChannels: number;
  /** Pixels across and down of a map that its first layer takes as channels. */
  readonly cell: number;
  readonly levels: readonly AdapterLevel[];
  /** Residual blocks a level. */
  readonly resnets: number;
  /** Of the last convolution of a full one's residual blocks. */
  readonly kernel: 1 | 3;
}

export interface AdapterLevel {
  readonly channels: number;
  /** How its size is halved before it, if it is: by means of two by two, or by a convolution. */
  readonly halved: 'no' | 'by means' | 'by convolution';
}

/** CLIP's vision tower. */
export interface ImageEncoderConfig extends ClipLayersConfig {
  /** Pixels across and down of a picture, and of a patch. */
  readonly imageSize: number;
  readonly patchSize: number;
  readonly projectionWidth: number;
}

/** What makes tokens, keys and values of a picture (IP-Adapter). */
export interface IpAdapterConfig {
  /** Of what the image encoder gives: its embeds, or, with a resampler, its hidden states. */
  readonly pictureWidth: number;
  readonly tokens: number;
  readonly contextWidth: number;
  /** Of the attentions on the text, in the order of the file's numbers. */
  readonly widths: readonly number[];
  /** Of Plus; null of the basic one. */
  readonly resampler: ResamplerConfig | null;
}

export interface ResamplerConfig {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** All heads together. */
  readonly inner: number;
  readonly feedForwardWidth: number;
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

/** The small autoencoder of Stable Diffusion's latents that is called TAESD. */
export interface TaesdConfig {
  readonly latentChannels: number;
  /** Of every level. */
  readonly channels: number;
  /** Residual blocks of the decoder's levels, from the latents on; null where there is no decoder. */
  readonly decoderBlocks: readonly number[] | null;
  /** Of the encoder's, from the picture on. */
  readonly encoderBlocks: readonly number[] | null;
}

/** An RRDBNet, the network of ESRGAN and Real-ESRGAN. */
export interface UpscalerConfig {
  /** Pixels across and down of the picture that its first layer takes as channels: 1, 2 or 4. */
  readonly cell: number;
  readonly channels: number;
  /** Channels that each convolution of a dense block adds. */
  readonly growth: number;
  /** Residual blocks of three dense blocks each. */
  readonly blocks: number;
  /** How many times the size is doubled behind them. */
  readonly doublings: number;
}
