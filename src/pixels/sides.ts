import type { Size } from '../numeric/size.ts';

/** Pixels that are added to a picture on each of its sides. */
export interface Sides {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A picture with its sides. */
export function grownBy({ width, height }: Size, { left, top, right, bottom }: Sides): Size {
  return { width: left + width + right, height: top + height + bottom };
}
