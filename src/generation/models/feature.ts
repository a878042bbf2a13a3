/** What a T2I-Adapter makes, or a UNet takes in at a place. */
export interface Feature {
  readonly channels: number;
  /** How many pixels of the picture a cell of it has, across and down. */
  readonly pixels: number;
}
