import type { Colour, RgbImage } from '../../pixels/rgb-image.ts';
import { fillCircle } from '../../pixels/shapes/circle.ts';
import { drawThickLine } from '../../pixels/shapes/thick-line.ts';
import type { Points } from './people.ts';
import { isBeyondCorner, wholePixel } from './whole-pixel.ts';

/** Five fingers of four bones each, every finger from the wrist (point 0). */
const bones: readonly (readonly [number, number])[] = [1, 5, 9, 13, 17].flatMap((root) => [
  [0, root],
  [root, root + 1],
  [root + 1, root + 2],
  [root + 2, root + 3],
]);

const boneColours = bones.map((_, i) => hue(i / bones.length));
const jointColour: Colour = [0, 0, 255];

/** Bones as lines of 2 pixels in the colours of the rainbow, joints as blue circles of radius 4. */
export function drawHand(canvas: RgbImage, hand: Points): void {
  const joints = hand.map((point) => (point === null ? null : wholePixel(point)));
  bones.forEach(([from, to], i) => {
    const [start, end] = [joints[from], joints[to]];
    if (!start || !end || isBeyondCorner(start) || isBeyondCorner(end)) return;
    drawThickLine(canvas, start, end, 2, boneColours[i]!);
  });
  for (const joint of joints) {
    if (joint !== null && !isBeyondCorner(joint)) fillCircle(canvas, joint, 4, jointColour);
  }
}

/** The pure colour of a hue of 0..1 (from red over yellow, green, cyan, blue and magenta), rounded. */
function hue(value: number): Colour {
  const sector = Math.trunc(value * 6);
  // Exactly so: at 1/20 and 3/20 the result lies at a half, and the last bit decides.
  const rest = value * 6 - sector;
  const rising = Math.round((1 - (1 - rest)) * 255);
  const falling = Math.round((1 - rest) * 255);
  const sectors: readonly Colour[] = [
    [255, rising, 0],
    [falling, 255, 0],
    [0, 255, rising],
    [0, falling, 255],
    [rising, 0, 255],
    [255, 0, falling],
  ];
  return sectors[sector]!;
}
