/** 8-bit RGB pixels, row by row, three bytes a pixel, no padding. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A picture or a map of which a part may be unknown. */
export interface MaskedImage extends RgbImage {
  /**
   * One byte a pixel: 1 where the picture is unknown and is to be drawn anew, else 0. The colours there mean nothing. Absent
   * where all of it is known.
   */
  readonly masked?: Uint8Array | undefined;
}

/** 0..255 each. */
export type Colour = readonly [red: number, green: number, blue: number];
