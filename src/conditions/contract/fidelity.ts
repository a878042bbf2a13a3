export const fidelityMetrics = ['f1', 'rank_correlation', 'within_22_5', 'mean_iou', 'oks', 'ssim'] as const;
export type FidelityMetric = (typeof fidelityMetrics)[number];

/** How well a picture obeys a map, as one figure and what belongs to it. */
export interface Fidelity {
  /** What `value` is; null where the condition has no measure. */
  readonly metric: FidelityMetric | null;
  /** The higher the better, 1 is perfect; null where it could not be measured. */
  readonly value: number | null;
  /** Further figures, such as precision and recall. */
  readonly details: Readonly<Record<string, number>>;
  /** Why there is no value, or what it leaves out; null where there is nothing to say. */
  readonly note: string | null;
}

export function unmeasured(metric: FidelityMetric | null, note: string): Fidelity {
  return { metric, value: null, details: {}, note };
}
