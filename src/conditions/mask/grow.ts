import type { Size } from '../../numeric/size.ts';

/**
 * Widens the white of a mask (0 and 255) by all pixels whose centres lie within `radius` of a white one; a negative radius
 * widens the black. What lies outside the picture is neither. Time does not depend on the radius.
 */
export function growMask(mask: Uint8Array, size: Size, radius: number): Uint8Array {
  if (radius >= 0) return dilate(mask, size, radius);
  const black = mask.map((value) => 255 - value);
  return dilate(black, size, -radius).map((value) => 255 - value);
}

function dilate(mask: Uint8Array, { width, height }: Size, radius: number): Uint8Array {
  const distances = columnDistances(mask, { width, height }, radius);
  const reach = Int32Array.from({ length: radius + 1 }, (_, d) => Math.floor(Math.sqrt(radius * radius - d * d)));
  const grown = new Uint8Array(mask.length);
  const starts = new Int32Array(width + 1);
  for (let y = 0; y < height; y++) {
    // A white pixel d rows away covers a stretch of this row: where stretches begin and end is counted, then summed up.
    starts.fill(0);
    for (let x = 0; x < width; x++) {
      const distance = distances[y * width + x]!;
      if (distance > radius) continue;
      starts[Math.max(0, x - reach[distance]!)]!++;
      starts[Math.min(width, x + reach[distance]! + 1)]!--;
    }
    for (let x = 0, open = 0; x < width; x++) {
      open += starts[x]!;
      if (open > 0) grown[y * width + x] = 255;
    }
  }
  return grown;
}

/** Rows to the nearest white pixel of the same column, at most radius + 1. */
function columnDistances(mask: Uint8Array, { width, height }: Size, radius: number): Uint16Array {
  const distances = new Uint16Array(mask.length);
  for (let i = 0; i < mask.length; i++) {
    const above = i < width ? radius : distances[i - width]!;
    distances[i] = mask[i] === 255 ? 0 : Math.min(above, radius) + 1;
  }
  for (let i = (height - 1) * width - 1; i >= 0; i--) {
    distances[i] = Math.min(distances[i]!, distances[i + width]! + 1);
  }
  return distances;
}
