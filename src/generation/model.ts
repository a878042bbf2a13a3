import type { ModelSchedule } from '../schedulers/scheduler-config.ts';
import type { Family } from '../graph/family.ts';
import type { Prediction } from '../schedulers/prediction-type.ts';

/** Whose a model is. */
export interface OwnedModel {
  /** The tenant that alone may see and use it; null is everybody. */
  readonly owner: string | null;
}

/** What the library knows of every model that it found. Paths stay inside the process: clients see ids only. */
interface AnyFoundModel extends OwnedModel {
  readonly id: string;
  readonly title: string;
  readonly licence: string | null;
  readonly hash: string;
  /** A diffusers folder, or a single .safetensors file. */
  readonly path: string;
}

interface FoundModel extends AnyFoundModel {
  readonly family: Family;
  readonly layout: 'diffusers' | 'single-file';
}

export interface BaseModel extends FoundModel {
  readonly kind: 'base';
  /** Layers of the text encoder: how many clip skip can leave out is one less. */
  readonly textLayers: number;
  /** What it is told beside a prompt; null in Stable Diffusion 1.x and 2.x. */
  readonly added: AddedConditioning | null;
  readonly prediction: Prediction;
  /** How it is sampled, from its scheduler config. */
  readonly schedule: ModelSchedule;
  /** Pixels a latent cell, across and down: 8 in Stable Diffusion. */
  readonly latentScale: number;
  /** Latents of the denoiser are its autoencoder's times this. */
  readonly scalingFactor: number;
  readonly defaults: ModelDefaults;
}

/** What models of SDXL are told beside a prompt: the sizes of the picture, and a prompt of its own for each text encoder. */
export interface AddedConditioning {
  /** Width of the first text encoder. */
  readonly textWidth: number;
  /** Whether it was trained to take zeros where there is no negative prompt. */
  readonly zeroNegative: boolean;
}

export interface ControlNetModel extends FoundModel {
  readonly kind: 'controlnet';
  /** Condition id, or null where nobody has said it yet. */
  readonly type: string | null;
  /** Base model that it came with (its folder), or null for a ControlNet of its own. */
  readonly bundledWith: string | null;
}

/** A T2I-Adapter: features of a map that are added in the levels of a UNet. */
export interface AdapterModel extends AnyFoundModel {
  readonly kind: 'adapter';
  readonly layout: 'diffusers' | 'single-file';
  /** Condition id, or null where nobody has said it yet. */
  readonly type: string | null;
  /** Sides of a picture have to be multiples of this many pixels. */
  readonly cell: number;
  /** What it makes, one a level: channels, and how many pixels across and down a cell of them has. */
  readonly features: readonly AdapterFeature[];
}

export interface AdapterFeature {
  readonly channels: number;
  readonly pixels: number;
}

/** A model that a control is given to. */
export type SteeringModel = ControlNetModel | AdapterModel;

/** An adapter of weights: a LoRA or one of its relatives. */
export interface LoraModel extends AnyFoundModel {
  readonly kind: 'lora';
  /** What prompts may call it beside its id: its title, its file's name, what its trainer called it. */
  readonly names: readonly string[];
  readonly fits: LoraFit;
  /** Such as `LoRA` and `DoRA`, the most frequent in its layers first. */
  readonly methods: readonly string[];
  readonly layers: number;
  /** The largest rank of its factors; null where it has none. */
  readonly rank: number | null;
  /** From its metadata. */
  readonly triggerWords: readonly string[];
  /** Words whose embeddings it brings. */
  readonly words: readonly string[];
}

/** What a base model needs to have for a LoRA, as far as its header tells. */
export interface LoraFit {
  /** Width of the text that the UNet looks at. */
  readonly contextWidth: number | null;
  /** Width of the first text encoder. */
  readonly textWidth: number | null;
  readonly needsSdxl: boolean;
}

/** What stands in for a base model's own way from latents to pictures and back has to be made for the same latents. */
interface ForLatents {
  readonly layout: 'diffusers' | 'single-file';
  readonly latentChannels: number;
  /** Pixels a latent cell, across and down. */
  readonly latentScale: number;
  /** Names of families and ids of base models whose latents it is for, as its maker or the user says; null where nobody does. */
  readonly fits: readonly string[] | null;
}

/** An autoencoder of its own, which a base model can be drawn with in place of its own. */
export interface VaeModel extends AnyFoundModel, ForLatents {
  readonly kind: 'vae';
  /** Latents of the denoiser are its latents times this; null where its files do not say. */
  readonly scalingFactor: number | null;
}

/** A small decoder of the denoiser's latents. */
export interface TaesdModel extends AnyFoundModel, ForLatents {
  readonly kind: 'taesd';
}

/** A network that makes pictures larger. */
export interface UpscalerModel extends AnyFoundModel {
  readonly kind: 'upscaler';
  /** How many times as wide and as high; 1 leaves the size. */
  readonly scale: number;
}

export interface ModelDefaults {
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly scheduler: string;
}

/** A file or folder in a model folder that looks like a model and cannot be used, and why. */
export interface RejectedModel {
  readonly id: string;
  readonly code: string;
  readonly detail: string;
}
