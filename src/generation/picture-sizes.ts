import type { Size } from '../numeric/size.ts';

/** Two numbers of the picture: its height and width, or the place of its top left corner as rows and columns. */
export type RowsAndColumns = readonly [number, number];

/**
 * What SDXL is told of the picture that it draws: the size that it had before it was brought to its own, where of that it was cut out
 * (rows from the top, columns from the left), and the size that it is to have. Null: as large as the pass draws it.
 */
export interface PictureSizes {
  readonly original: RowsAndColumns | null;
  readonly crop: RowsAndColumns;
  readonly target: RowsAndColumns | null;
}

/** Those beside a prompt, and those beside the negative one. */
export interface ToldSizes {
  readonly prompt: PictureSizes;
  readonly negative: PictureSizes;
}

/** As they are told of a pass of this size. */
export function sizesAt({ original, crop, target }: PictureSizes, { width, height }: Size) {
  const own: RowsAndColumns = [height, width];
  return { original: original ?? own, crop, target: target ?? own } as const;
}

/** How beautiful a refiner is told that the picture is, and that what it is to keep away from is. */
export interface AestheticScores {
  readonly prompt: number;
  readonly negative: number;
}

/** Those that diffusers and A1111 tell it. */
export const usualScores: AestheticScores = { prompt: 6, negative: 2.5 };

/** The numbers that the network takes, of a pass of this size; a refiner has a score in place of the target size, others have none (null). */
export function sizeIds(sizes: PictureSizes, pass: Size, score: number | null = null): readonly number[] {
  const { original, crop, target } = sizesAt(sizes, pass);
  return [...original, ...crop, ...(score === null ? target : [score])];
}
