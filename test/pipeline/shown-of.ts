import { encodeStart } from '../../src/device/encode-start.ts';
import type { PictureNetworks } from '../../src/pipeline/networks/networks.ts';
import type { Shown } from '../../src/pipeline/shown.ts';
import type { LevelMap } from '../../src/pixels/level-map.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';

/** What a network is shown of a picture and, where a part of it is drawn anew, of its mask. */
export async function shownOf(base: PictureNetworks, image: RgbImage, mask: LevelMap | null): Promise<Shown | null> {
  const repaint = mask === null ? null : { mask, mode: 'hard' as const, fill: null };
  const encoding = encodeStart({ image, repaint }, image, base, base);
  for (;;) {
    const piece = await encoding.next();
    if (piece.done === true) return piece.value.shown;
  }
}
