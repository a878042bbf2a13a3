import type { StoredFile } from './made-model.ts';
import { storedForm } from './stored-json.ts';
import type { ValidationFigures } from './validation-figures.ts';

/** What a training showed after a step, on pairs that it does not learn from. */
export interface TrainingLook {
  readonly figures: ValidationFigures;
  /** Mean loss of the steps since the look before, as far as this process knows them; null where it knows none. */
  readonly trainingLoss: number | null;
  /** Of red, green and blue over the pictures that it drew, 0 to 1; null where it drew none. */
  readonly channels: { readonly with: ChannelFigures | null; readonly without: ChannelFigures | null };
  /** Empty also where pictures of so many looks are kept already. */
  readonly pictures: readonly ShownPicture[];
}

/** Means and standard deviations of red, green and blue. */
export interface ChannelFigures {
  readonly mean: readonly number[];
  readonly spread: readonly number[];
}

/** What was drawn of one held-out map, or of one prompt. */
export interface ShownPicture {
  readonly prompt: string;
  readonly seed: number;
  /** PNG: the map, null where none are used; drawn with what is trained; and by the base model alone. */
  readonly map: StoredFile | null;
  readonly picture: StoredFile;
  readonly without: StoredFile;
}

/** Which of these files. */
export const shownFiles = ['map', 'picture', 'without'] as const;
export type ShownFile = (typeof shownFiles)[number];

export const storedLook = storedForm<'look', TrainingLook>('look', { version: 1 });
