import type { ResizeMode } from '../pixels/resize-mode.ts';
import type { Sides } from '../pixels/sides.ts';
import type { StoredPicture } from './plan-references.ts';
import type { InpaintArea, MaskChannel, MaskFill, MaskMode } from './request/choices.ts';

/** A picture that is drawn over. */
export interface PlannedInit {
  readonly image: StoredPicture;
  /** How it is brought to the size of the generation. */
  readonly resize: ResizeMode;
  /** Above 0, at most 1: the share of the steps, the last ones, that are drawn. */
  readonly strength: number;
  /** Which part of it is drawn anew; absent where all of it is. */
  readonly mask?: PlannedMask | undefined;
}

/** Which part of a picture is drawn anew, and how. The rest of it stays as it is. */
export interface PlannedMask {
  /** Absent where no more is drawn anew than what lies beyond the picture's sides. */
  readonly image?: StoredPicture | undefined;
  /** What is drawn beyond the sides; absent where nothing is. */
  readonly extend?: PlannedExtend | undefined;
  readonly channel: MaskChannel;
  readonly mode: MaskMode;
  /** Standard deviation of the Gaussian that its edge is softened by, in pixels of `source`. */
  readonly blur: number;
  readonly area: InpaintArea;
  /** Pixels of the picture around what is masked that are drawn with it; 0 where the whole picture is drawn. */
  readonly padding: number;
  /** What drawing begins with where it draws anew; null: the whole of it begins with noise alone. */
  readonly fill: MaskFill | null;
  /** Of the picture that the result is put into, and of the output: the picture's own where only a part is drawn; with the sides that are added. */
  readonly source: { readonly width: number; readonly height: number };
}

/** How far beyond the sides of a picture is drawn, in its pixels once it was brought to a size. */
export interface PlannedExtend extends Sides {
  readonly over: { readonly width: number; readonly height: number };
}
