import type { OutputOptions, Plan } from '../../plan.ts';
import type { StoredPicture } from '../../plan-references.ts';
import type { PlannedUpscaler } from '../../plan.ts';

/** Bring a picture to a larger size. */
export interface UpscalePlan extends Plan {
  readonly kind: 'upscale';
  readonly image: StoredPicture;
  readonly upscaler: PlannedUpscaler;
  /** Of the output, in pixels. */
  readonly width: number;
  readonly height: number;
  /** In pixel steps. */
  readonly cost: number;
  readonly output: OutputOptions;
}
