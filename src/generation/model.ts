import type { ModelSchedule } from '../schedulers/scheduler-config.ts';

/** A model that the library found, with what its files say of it. Paths stay inside the process: clients see ids only. */
export interface BaseModel {
  readonly kind: 'base';
  readonly id: string;
  readonly title: string;
  readonly licence: string | null;
  readonly hash: string;
  readonly family: Family;
  /** A diffusers folder, or a single .safetensors file. */
  readonly path: string;
  readonly layout: 'diffusers' | 'single-file';
  /** Layers of the text encoder: how many clip skip can leave out is one less. */
  readonly textLayers: number;
  readonly prediction: Prediction;
  /** How it is sampled, from its scheduler config. */
  readonly schedule: ModelSchedule;
  /** Pixels a latent cell, across and down: 8 in Stable Diffusion. */
  readonly latentScale: number;
  readonly defaults: ModelDefaults;
}

/** What the network of a base model was trained to predict, and who said so. */
export interface Prediction {
  readonly type: PredictionType;
  /** Whether the last training timestep holds no signal: then a schedule must be rescaled to end there. */
  readonly zeroSnr: boolean;
  /**
   * `user`: `armature models set`. `armature.json` and `config`: a file of the model or beside it. `marker`: the weight file
   * itself, by the name of a tensor or by its metadata. `weights`: nobody, and one weight suggests it. `family`: nobody, and
   * it is what is usual.
   */
  readonly decidedBy: 'user' | 'armature.json' | 'config' | 'marker' | 'weights' | 'family';
  /** Where it stands, for people: `scheduler/scheduler_config.json`, `the tensor v_pred`. */
  readonly source: string;
  /** Who of lower rank says something else, as a sentence; null where all agree. */
  readonly contradiction: string | null;
}

export const predictionTypes = ['epsilon', 'v_prediction', 'sample'] as const;
export type PredictionType = (typeof predictionTypes)[number];

/** What somebody says of the prediction; what is left out is left to others. */
export interface ToldPrediction {
  readonly type?: PredictionType | undefined;
  readonly zeroSnr?: boolean | undefined;
}

export interface ControlNetModel {
  readonly kind: 'controlnet';
  readonly id: string;
  readonly title: string;
  readonly licence: string | null;
  readonly hash: string;
  readonly family: Family;
  readonly path: string;
  readonly layout: 'diffusers' | 'single-file';
  /** Condition id, or null where nobody has said it yet. */
  readonly type: string | null;
  /** Base model that it came with (its folder), or null for a ControlNet of its own. */
  readonly bundledWith: string | null;
}

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
