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

/** Those of a prompt, and of a negative prompt where they are others. */
export interface ToldSizes {
  readonly prompt: PictureSizes;
  readonly negative: PictureSizes;
}

/** The numbers that the network takes, of a pass of this size. */
export function sizeIds(
  { original, crop, target }: PictureSizes,
  { width, height }: { readonly width: number; readonly height: number },
): readonly number[] {
  const own = [height, width] as const;
  return [...(original ?? own), ...crop, ...(target ?? own)];
}
