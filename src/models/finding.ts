import type { BaseModel, ControlNetModel, LoraModel, RejectedModel } from '../generation/model.ts';

export type AnyModel = BaseModel | ControlNetModel | LoraModel;

/** What came of looking into a candidate. */
export interface Finding {
  readonly models: readonly AnyModel[];
  readonly rejected: readonly RejectedModel[];
  /** It may be otherwise the next time, though no file has changed. */
  readonly passing?: true;
}
