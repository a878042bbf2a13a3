import type { LevelMap } from './level-map.ts';
import { lumaOf } from './luma.ts';
import type { RgbImage } from './rgb-image.ts';

/** Levels as a grey picture, for what works on pictures. */
export function greyPicture({ width, height, levels }: LevelMap): RgbImage {
  const data = new Uint8Array(levels.length * 3);
  for (let i = 0, to = 0; i < levels.length; i++) {
    const level = levels[i]!;
    data[to++] = level;
    data[to++] = level;
    data[to++] = level;
  }
  return { width, height, data };
}

/** The brightness of a picture; of a grey one the levels that it was made from. */
export function levelsOf(picture: RgbImage): LevelMap {
  const { width, height } = picture;
  return { width, height, levels: lumaOf(picture).values };
}
