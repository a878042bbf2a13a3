import type { BaseModel } from './base.ts';

/** What is said of a kind of model where requests refer to it. */
export interface ModelNoun<Model> {
  /** In the middle of a sentence: `base model`. */
  readonly noun: string;
  /** Its list among all models, on the command line too: `bases`. */
  readonly list: string;
  /** The field of a request that names one: `loras[].model`. */
  readonly field: string;
  /** Why one does not fit a base model, as a sentence; null where nothing that is known speaks against it. Absent where it is not looked for. */
  readonly misfit?: (base: BaseModel, model: Model) => string | null;
}
