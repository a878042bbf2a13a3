import type { AnyModel } from '../generation/models/kinds.ts';
import type { RejectedModel } from '../generation/models/model.ts';

/** What is known of a candidate. */
export interface Found {
  /** Of the candidate. */
  readonly path: string;
  readonly finding: Finding;
  /** A picture of what it draws, where one lies beside it. */
  readonly preview?: string;
}

/** What came of looking into a candidate. */
export interface Finding {
  readonly models: readonly AnyModel[];
  readonly rejected: readonly RejectedModel[];
  /** It may be otherwise the next time, though no file has changed. */
  readonly passing?: true;
}
