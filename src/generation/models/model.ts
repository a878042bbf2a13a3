import type { Family } from '../../graph/family.ts';

/** Whose a model is. */
export interface OwnedModel {
  /** The tenant that alone may see and use it; null is everybody. */
  readonly owner: string | null;
}

/** What the library knows of every model that it found. Paths stay inside the process: clients see ids only. */
export interface AnyFoundModel extends OwnedModel {
  readonly id: string;
  readonly title: string;
  readonly licence: string | null;
  readonly hash: string;
  /** A diffusers folder, or a single .safetensors file. */
  readonly path: string;
  /** A picture of what it draws, where one lies beside it. */
  readonly preview?: string;
}

/** The same of networks that are built whole: a base model, a ControlNet. */
export interface FoundModel extends AnyFoundModel {
  readonly family: Family;
  readonly layout: 'diffusers' | 'single-file';
}

/** A file or folder in a model folder that looks like a model and cannot be used, and why. */
export interface RejectedModel {
  readonly id: string;
  readonly code: string;
  readonly detail: string;
  /** The tenant that alone may know of it; null or absent is everybody. */
  readonly owner?: string | null;
}
