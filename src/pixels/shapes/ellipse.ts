import { roundHalfToEven } from '../../numeric/round-half-to-even.ts';
import type { Point } from './canvas.ts';

/** Sines of whole degrees, in float32 of seven decimals: OpenCV's own table. */
const sines = Float32Array.from({ length: 451 }, (_, degrees) =>
  Number(Math.sin((degrees * Math.PI) / 180).toFixed(7)),
);

/**
 * The outline of an ellipse as a polygon with one corner a degree, each on a whole pixel and unlike the one before:
 * cv2.ellipse2Poly(centre, (halfWidth, halfHeight), angle, 0, 360, 1).
 *
 * @param angle whole degrees, clockwise on the screen.
 */
export function ellipsePolygon(centre: Point, halfWidth: number, halfHeight: number, angle: number): readonly Point[] {
  const turn = ((angle % 360) + 360) % 360;
  const [cosine, sine] = [sines[450 - turn]!, sines[turn]!];
  const corners: Point[] = [];
  for (let degrees = 0; degrees <= 360; degrees++) {
    const along = halfWidth * sines[450 - degrees]!;
    const across = halfHeight * sines[degrees]!;
    const x = roundHalfToEven(centre.x + along * cosine - across * sine);
    const y = roundHalfToEven(centre.y + along * sine + across * cosine);
    const last = corners.at(-1);
    if (last?.x !== x || last.y !== y) corners.push({ x, y });
  }
  return corners.length === 1 ? [centre, centre] : corners;
}
