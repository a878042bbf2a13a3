import type { Acting } from '../../pipeline/controls/control-work.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { DetectedFile } from '../../weights/checkpoint.ts';
import type { Witness } from '../../weights/prediction/prediction.ts';

/** A kind of model that the library knows, and all that listing, showing and pulling have to know of it. */
export interface ModelKind<Model> {
  readonly id: string;
  /** In the middle of a sentence: `base model`. */
  readonly noun: string;
  /** Its table in the list of models. */
  readonly heads: readonly string[];
  readonly cells: (model: Model) => readonly string[];
  /** What is known of one, by what it is called; absent where the lists says it all. */
  readonly facts?: (model: Model) => readonly (readonly [string, string])[];
  /** Folder below that of models into which it is pulled, by the files that it is made of; absent: that of models itself. */
  readonly pulledInto?: { readonly folder: string; readonly extension: string };
  /** Whether armature.json says of it which condition it is for. */
  readonly hasType: boolean;
}

/** A kind whose models are found in the folders, and are looked into there. */
export interface FoundKind<Model, Place extends readonly unknown[] = []> extends ModelKind<Model> {
  /**
   * Reads the headers of its weights, or takes those of `file`. Throws where it cannot be used: nothing else is wrong with a
   * model that is listed.
   */
  readonly inspect: (path: string, given: Given, file: DetectedFile['file'], ...place: Place) => Promise<Model>;
}

/** A kind whose models steer the denoiser. */
export interface SteeringKind<Model, Place extends readonly unknown[] = []> extends FoundKind<Model, Place> {
  readonly acts: Acting;
}

/** What a model is called and what its maker says of it. */
export interface Given {
  readonly id: string;
  readonly title: string;
  readonly manifest: Manifest | null;
  /** Who goes before the model's files in what it predicts. */
  readonly told: readonly Witness[];
}
