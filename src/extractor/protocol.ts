import type { ConditionMap, RgbImage } from '../conditions/condition.ts';
import type { SerializedError } from '../errors.ts';

/**
 * What a process and its extractor child say to each other, over Node's IPC with `advanced` serialization (pixels travel
 * as bytes). The child answers every request with one message of the same id.
 */
export interface ExtractRequest {
  readonly type: 'extract';
  readonly id: number;
  readonly condition: string;
  readonly image: RgbImage;
  /** Checked by the sender against the condition's schema. */
  readonly options: Readonly<Record<string, unknown>>;
}

export type FromExtractor =
  | { readonly type: 'extracted'; readonly id: number; readonly result: ConditionMap }
  | { readonly type: 'failed'; readonly id: number; readonly error: SerializedError };
