import type { LevelMap } from './level-map.ts';
import type { Box } from './frame.ts';
import type { RgbImage } from './rgb-image.ts';

/**
 * A picture with another in place of a part of it, as far as the mask says: picture x (1 - m) + drawn x m, rounded, with m in 8 bits.
 * Where m is 0, and outside of the box, the pixels are the picture's own. `drawn` has the size of the box, the mask that of the picture.
 */
export function pasteWithin(picture: RgbImage, drawn: RgbImage, box: Box, { levels }: LevelMap): RgbImage {
  const data = picture.data.slice();
  for (let y = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++) {
      const at = (box.y + y) * picture.width + box.x + x;
      const level = levels[at]!;
      if (level === 0) continue;
      const from = (y * box.width + x) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const to = at * 3 + channel;
        data[to] = Math.round((data[to]! * (255 - level) + drawn.data[from + channel]! * level) / 255);
      }
    }
  }
  return { width: picture.width, height: picture.height, data };
}
