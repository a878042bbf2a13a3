import type { Colour, RgbImage } from '../rgb-image.ts';
import { fillSpan, type Point } from './canvas.ts';

/**
 * A filled circle around a whole position, by the midpoint algorithm: cv2.circle(canvas, centre, radius, colour, -1).
 */
export function fillCircle(canvas: RgbImage, centre: Point, radius: number, colour: Colour): void {
  let wide = radius;
  let narrow = 0;
  let error = 0;
  while (wide >= narrow) {
    for (const sign of [-1, 1]) {
      fillSpan(canvas, centre.y + sign * narrow, centre.x - wide, centre.x + wide, colour);
      fillSpan(canvas, centre.y + sign * wide, centre.x - narrow, centre.x + narrow, colour);
    }
    error += 2 * narrow + 1;
    narrow++;
    if (error > 0) {
      error -= 2 * wide - 1;
      wide--;
    }
  }
}
