/** A plan, and what is remarked on it. */
export interface Resolved<Plan> {
  readonly plan: Plan;
  readonly warnings: readonly string[];
}
