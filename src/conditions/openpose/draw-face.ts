import type { RgbImage } from '../../pixels/rgb-image.ts';
import { fillCircle } from '../../pixels/shapes/circle.ts';
import type { Points } from './people.ts';
import { isBeyondCorner, wholePixel } from './whole-pixel.ts';

/** Points as white circles of radius 3. */
export function drawFace(canvas: RgbImage, face: Points): void {
  for (const point of face) {
    if (point === null) continue;
    const centre = wholePixel(point);
    if (!isBeyondCorner(centre)) fillCircle(canvas, centre, 3, [255, 255, 255]);
  }
}
