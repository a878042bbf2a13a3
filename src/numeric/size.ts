/** Width and height of a plane of values, row by row. */
export interface Size {
  readonly width: number;
  readonly height: number;
}
