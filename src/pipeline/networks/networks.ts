import type { AdapterModel } from '../../generation/models/adapter.ts';
import type { BaseModel } from '../../generation/models/base.ts';
import type { ImageEncoderModel } from '../../generation/models/image-encoder.ts';
import type { IpAdapterModel } from '../../generation/models/ip-adapter.ts';
import type { ControlNetModel } from '../../generation/models/controlnet.ts';
import type { Size } from '../../numeric/size.ts';
import type { Tensor } from '../../numeric/tensor.ts';
import type { Conditioning } from '../conditioning/conditioning.ts';

/** What brings pictures to latents. */
export interface PictureEncoder {
  /** Latents of the denoiser are its latents times this. */
  readonly scalingFactor: number;
  /** Pictures [rows, 3, 8h, 8w] in -1..1 to where their latents lie. */
  encode(images: Tensor): Promise<EncodedPictures>;
}

/** What brings latents to pictures. */
export interface LatentDecoder {
  /** Tells its weights from all others. */
  readonly key: string;
  /** Latents of the denoiser are its latents times this. */
  readonly scalingFactor: number;
  /** Its latents [rows, C, h, w] to pictures [rows, 3, 8h, 8w], about -1..1. */
  decode(latents: Tensor): Promise<Tensor>;
}

/** What pictures of a job are brought to latents with, and back. */
export interface Autoencoder {
  readonly encoder: PictureEncoder;
  readonly decoder: LatentDecoder;
}

/**
 * What the pipeline asks of the networks of one base model once texts are encoded. The runtime answers with sessions. All tensors
 * are float32, NCHW; row r of every input belongs to row r of the output.
 */
export interface PictureNetworks extends PictureEncoder, LatentDecoder {
  readonly latentChannels: number;
  /** What the denoiser is shown beside the latents. */
  readonly task: BaseModel['task'];
  /** Pixels a latent cell, 8 in Stable Diffusion. */
  readonly latentScale: number;
  /** The number of ControlNet residuals that the UNet takes: one a skip connection and one for the middle block. */
  readonly injectionPoints: number;
  /** The number of places where features of T2I-Adapters enter the UNet: one a level, and the middle. */
  readonly featurePlaces: number;
  /** Estimate of the memory that one row of a batched step works in, in bytes, for latents of height x width cells. */
  rowBytes(height: number, width: number): number;
  /** The memory that one row's residuals of all injection points take, in bytes. */
  residualBytes(height: number, width: number): number;
  /** Milliseconds until the denoiser can run with such LoRAs and such controls: 0 where it is loaded, and where nobody knows because it never was. */
  reloadMs(branches: readonly RowBranch[], beside: TakenBeside): number;
  /** The network's prediction (epsilon or v), [rows, C, h, w]. `branches[r]` act on row r, beside the layers. */
  denoise(input: DenoiserInput, steering: Steering, branches: readonly (readonly RowBranch[])[]): Promise<Tensor>;
  /** The memory that what is deeper than a cut takes of one row where it is kept, in bytes. */
  deepBytes(depth: number, height: number, width: number): number;
  /** As denoise, with what is deeper than a cut: given out, or, where it is given, not worked out. */
  denoiseCut(
    input: DenoiserInput,
    steering: Steering,
    branches: readonly (readonly RowBranch[])[],
    cut: RowsCut,
  ): Promise<{ readonly prediction: Tensor; readonly deep: Tensor }>;
}

/** Where a denoiser is cut (see DeepCut), and what all rows are given of what is deeper, [rows, C, h, w]; null where it is worked out. */
export interface RowsCut {
  readonly depth: number;
  readonly deep: Tensor | null;
}

/** A low-rank LoRA that acts on a row beside the layers of the denoiser, so that rows with others share its run. */
export interface RowBranch {
  /** What the networks know it by. */
  readonly lora: string;
  readonly scale: number;
  /** The largest in any layer. */
  readonly rank: number;
}

/** Normal distributions of latents of the autoencoder, before scaling; [rows, C, h, w] each. */
export interface EncodedPictures {
  readonly mean: Tensor;
  /** Logarithms of the variances. */
  readonly logvar: Tensor;
}

export interface DenoiserInput {
  /** [rows, C, h, w], scaled as the scheduler wants it. */
  readonly sample: Tensor;
  /** [rows] */
  readonly timestep: Tensor;
  readonly conditioning: Conditioning;
  /** What the denoiser alone is shown beside the sample, [rows, C', h, w]; null or absent where that is nothing. */
  readonly shown?: Tensor | null;
}

/** What all controls give the denoiser in one evaluation, by how they act; each tensor broadcasts to its place in the network. */
export interface Steering {
  /** One an injection point. */
  readonly residuals: readonly Tensor[];
  /** One a place where features enter; none where nothing acts so. */
  readonly features: readonly Tensor[];
  /** Those of each row; none at all where nothing acts so. */
  readonly imageTokens: readonly (readonly RowImage[])[];
}

/** What a denoiser takes in an evaluation for controls that are no networks of their own. */
export interface TakenBeside {
  /** Whether features of T2I-Adapters enter it. */
  readonly features: boolean;
  /** The most image prompts that act on one of its rows. */
  readonly imagePrompts: number;
  /** Where it is cut, and whether what is deeper is given; absent where it is not. */
  readonly cut?: { readonly depth: number; readonly isGiven: boolean } | undefined;
}

/** What pictures mean to the attentions of a denoiser on the text. */
export interface ImageTokens {
  /** How many tokens there are. */
  readonly count: number;
  /** Of each attention, in the order of IP-Adapters: [count, width]. */
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
}

/** Pictures that a row attends to beside the text, how strongly and where. */
export interface RowImage {
  readonly tokens: ImageTokens;
  /** Weights in a picture of that size: one for all of it, or one a place. */
  readonly weightsAt: (size: Size) => Float32Array;
}

/** What the pipeline asks of one IP-Adapter with its image encoder. */
export interface ImagePromptNetworks {
  /** Pixels across and down of what the image encoder sees. */
  readonly imageSize: number;
  /** The tokens of a picture [1, 3, imageSize, imageSize], normalised; of none at all for null: what rows without the prompt attend to. */
  readonly tokensOf: (pixels: Tensor | null) => Promise<ImageTokens>;
}

/** What the pipeline asks of one T2I-Adapter. */
export interface AdapterNetworks {
  /** Of a map: 3 of RGB, or 1, grey. */
  readonly conditioningChannels: number;
  /** Pixels across and down of a map that are one cell. */
  readonly cell: number;
  /** [1, conditioningChannels x cell^2, h, w], a map in 0..1 with the pixels of a cell as channels, to one feature a level [1, C, h, w]. */
  features(cells: Tensor): Promise<readonly Tensor[]>;
}

/** What the pipeline asks of one ControlNet. */
export interface ControlNetworks {
  /** Whether its residuals are means over the picture (the shuffle ControlNet): such a one acts on prompt rows alone. */
  readonly pooled: boolean;
  /** Milliseconds until it can run at a step, as for the denoiser. */
  reloadMs(): number;
  /**
   * Pictures [1, 3, H, W] in 0..1 to the features [1, C0, h, w] that enter the ControlNet: once a request, not once a step. A union is told
   * which type they are of.
   */
  encodeHint(image: Tensor, as?: UnionHint): Promise<Tensor>;
  /**
   * The residuals of every injection point, the middle block last, each multiplied by scale[row, point]. hint is
   * [rows, C0, h, w], scale [rows, points], types [rows, types] of a union and null of others.
   */
  residuals(input: DenoiserInput, hint: Tensor, scale: Tensor, types: Tensor | null): Promise<readonly Tensor[]>;
}

/** How a map enters a union ControlNet. */
export interface UnionHint {
  readonly type: number;
  /** By which it is multiplied; 1 where it is the only one. */
  readonly scale: number;
}

/** Opens what controls act by; `type` is the condition that a ControlNet is fed with. */
export interface SteeringSource {
  openAdapter(model: AdapterModel): Promise<AdapterNetworks>;
  openImagePrompt(model: IpAdapterModel, encoder: ImageEncoderModel): Promise<ImagePromptNetworks>;
  openControlNet(model: ControlNetModel, type: string): Promise<OpenControlNet>;
}

export interface OpenControlNet {
  /** What samples name these networks by. */
  readonly key: string;
  readonly networks: ControlNetworks;
  /** Which type of a union its maps are of; null of a ControlNet for one. */
  readonly unionType: number | null;
}

/** Networks by the key that samples carry. */
export interface NetworkSource {
  base(key: string): PictureNetworks;
  control(key: string): ControlNetworks;
}
