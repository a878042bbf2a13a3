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
  readonly defaults: ModelDefaults;
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
