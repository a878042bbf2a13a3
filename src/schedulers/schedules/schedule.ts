import type { LevelTable } from './level-table.ts';

/** Whose published lists of levels a model takes: they were made for the first and the XL models of Stable Diffusion. */
export type PublishedFor = 'sd15' | 'sdxl';

/** What a schedule lays its levels out from. */
export interface TrainedLevels extends LevelTable {
  readonly publishedFor: PublishedFor;
}

/** A way to lay out the noise levels of a run, by the name that users know it by. */
export interface ScheduleRow {
  readonly title: string;
  readonly description: string;
  /** What other programs call it; null where they have none like it. */
  readonly publicNames: { readonly a1111: string | null; readonly comfyui: string | null };
  /** Whether its levels are numbers that were published for the noise of Stable Diffusion, and are of no use to a model with other noise. */
  readonly isPublishedList?: true;
  /** The level sigma at each step, descending, in float64, and the one that the last step ends at. May be more or fewer steps than were asked. */
  levels(trained: TrainedLevels, steps: number): readonly number[];
}

/** How far entry `index` of `count` is from the first to the last, 0 to 1. */
export function rampAt(index: number, count: number): number {
  return count > 1 ? index / (count - 1) : 0;
}

/** What `of` gives for 0 to `count` - 1, and `final` behind it. */
export function endingIn(final: number, count: number, of: (index: number) => number): number[] {
  return [...Array.from({ length: count }, (_, index) => of(index)), final];
}
