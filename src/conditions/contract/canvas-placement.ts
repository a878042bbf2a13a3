import type { Size } from '../../numeric/size.ts';

/** Where a canvas of another size comes to lie in a frame, in pixels of the frame: `scale` times a place plus `shift`. */
export interface CanvasPlacement {
  readonly scale: { readonly x: number; readonly y: number };
  readonly shift: { readonly x: number; readonly y: number };
  readonly size: Size;
}
