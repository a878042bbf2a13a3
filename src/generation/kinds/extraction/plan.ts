import type { OutputOptions, Plan } from '../../plan.ts';
import type { StoredPicture } from '../../plan-references.ts';

/** Extract a map from a picture, without drawing. */
export interface ExtractionPlan extends Plan {
  readonly kind: 'extraction';
  readonly condition: string;
  readonly image: StoredPicture;
  /** White where the picture is to be drawn anew; absent where none came beside it. */
  readonly imageMask?: StoredPicture | undefined;
  readonly options: Readonly<Record<string, unknown>>;
  /** Short side, in pixels, that the picture is brought to first; null leaves it at its own size. */
  readonly resolution: number | null;
  /** A blank map fails the job instead of warning. */
  readonly strict: boolean;
  readonly output: OutputOptions;
}
