import type { Report } from './report.ts';

/** One script: `npm run faults -- NAME`. Its first comment says what it shows. */
export interface Scenario<Sizes extends Readonly<Record<string, number>> = Readonly<Record<string, number>>> {
  readonly title: string;
  /** Numbers that the command line may change, by their flags. */
  readonly sizes: Sizes;
  /** The same, for CI. */
  readonly short: Sizes;
  /** Whether it needs no PostgreSQL and no Redis. */
  readonly alone?: true;
  /** Why it cannot be run here, beside missing servers; null where it can. */
  readonly missing?: string | null;
  run(this: void, sizes: Sizes, report: Report): Promise<void>;
}

/** Keeps the types of a scenario's own sizes together. */
export function scenario<Sizes extends Readonly<Record<string, number>>>(given: Scenario<Sizes>): Scenario<Sizes> {
  return given;
}
