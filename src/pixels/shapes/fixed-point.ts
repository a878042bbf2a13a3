import type { Point } from './canvas.ts';

/** One pixel in the fixed-point coordinates in which OpenCV draws: 16 fractional bits. */
export const one = 65536;
export const half = one / 2;

/** The pixel that holds a fixed-point coordinate. Numbers, not 32-bit integers: coordinates may lie far outside. */
export function toPixel(coordinate: number): number {
  return Math.floor(coordinate / one);
}

export function toNearestPixel(coordinate: number): number {
  return toPixel(coordinate + half);
}

export function toFixedPoint({ x, y }: Point): Point {
  return { x: x * one, y: y * one };
}
