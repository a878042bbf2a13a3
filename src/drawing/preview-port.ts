import type { RgbImage } from '../pixels/rgb-image.ts';
import type { PlannedPicture } from '../generation/pictures.ts';

/** What a picture of a plan comes to, as far as it can be told. */
export interface PicturePreview extends Pick<PlannedPicture, 'output' | 'candidate'> {
  /** Steps that it has done, of all of its passes. */
  readonly step: number;
  readonly steps: number;
  /** Of whatever size. */
  readonly image: RgbImage;
}

/** Who is shown pictures that are being drawn. */
export interface PreviewPort {
  /** May be told as often as there is something new: of what comes fast the newest is shown. */
  show(preview: PicturePreview): void;
  /** Calls back when somebody watches, and when nobody does any more; gives how to stop that. */
  watch(listener: (watched: boolean) => void): () => void;
}

/** For a drawing that nobody can watch. */
export const shownNowhere: PreviewPort = { show: () => {}, watch: () => () => {} };
