import type { Size } from '../numeric/size.ts';

/** One byte a pixel, row by row, no padding: 255 where something is in full, 0 where it is not. */
export interface LevelMap extends Size {
  readonly levels: Uint8Array;
}
