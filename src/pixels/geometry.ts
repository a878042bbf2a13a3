import type { ResizeMode } from './resize-mode.ts';
import type { Size } from '../numeric/size.ts';
import { roundHalfToEven } from '../numeric/round-half-to-even.ts';

export interface Placement {
  /** Size that the whole source is resized to. */
  readonly resized: Size;
  /**
   * Where the target's upper left corner lies in the resized picture (`crop`, both >= 0), or the resized picture's
   * corner in the target (`fill`).
   */
  readonly x: number;
  readonly y: number;
}

/**
 * How a picture of one size becomes one of another, by the rules of the ControlNet extension ("Just Resize", "Crop and
 * Resize", "Resize and Fill").
 */
export function placement(source: Size, target: Size, mode: ResizeMode): Placement {
  if (mode === 'stretch') return { resized: target, x: 0, y: 0 };
  const factor = scale(source, target, mode);
  const resized = {
    width: Math.max(1, roundHalfToEven(source.width * factor)),
    height: Math.max(1, roundHalfToEven(source.height * factor)),
  };
  const [outer, inner] = mode === 'crop' ? [resized, target] : [target, resized];
  return {
    resized,
    x: Math.floor((outer.width - inner.width) / 2),
    y: Math.floor((outer.height - inner.height) / 2),
  };
}

/**
 * The resolution (short side) at which an extractor sees as many pixels as the generation has: "pixel perfect" of the
 * ControlNet extension.
 */
export function pixelPerfectResolution(source: Size, target: Size, mode: ResizeMode): number {
  return roundHalfToEven(scale(source, target, mode) * Math.min(source.width, source.height));
}

/** Size in which annotators of lllyasviel and controlnet_aux work: short side near `resolution`, sides multiples of 64. */
export function annotatorSize(source: Size, resolution: number): Size {
  const factor = resolution / Math.min(source.width, source.height);
  const side = (length: number): number => roundHalfToEven((length * factor) / 64) * 64;
  return { width: side(source.width), height: side(source.height) };
}

/**
 * Size in which annotators of the ControlNet extension work: short side = `resolution`, then padded at the bottom and the
 * right to multiples of 64.
 */
export function paddedAnnotatorSize(
  source: Size,
  resolution: number,
): { readonly resized: Size; readonly padded: Size } {
  const factor = resolution / Math.min(source.width, source.height);
  const width = roundHalfToEven(source.width * factor);
  const height = roundHalfToEven(source.height * factor);
  return {
    resized: { width, height },
    padded: { width: Math.ceil(width / 64) * 64, height: Math.ceil(height / 64) * 64 },
  };
}

function scale(source: Size, target: Size, mode: ResizeMode): number {
  const horizontal = target.width / source.width;
  const vertical = target.height / source.height;
  return mode === 'fill' ? Math.min(horizontal, vertical) : Math.max(horizontal, vertical);
}
