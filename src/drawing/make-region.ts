import { levelsOf } from '../pixels/grey-picture.ts';
import type { PlannedControl } from '../generation/plan.ts';
import { decodeHere, type PictureDecoder } from '../images/decoder/decoder.ts';
import type { Region } from '../pixels/region.ts';
import type { Frame } from '../pixels/frame.ts';
import type { ObjectStore } from '../store/store.ts';

/**
 * Reads the region of a control in a frame, brought into it as its image is. Null where it acts everywhere, which a
 * mask that is white all over says too.
 */
export async function makeRegion(
  store: Pick<ObjectStore, 'get'>,
  { region, resize }: Pick<PlannedControl, 'region' | 'resize'>,
  frame: Frame,
  decoder: PictureDecoder = decodeHere,
): Promise<Region | null> {
  if (region === undefined) return null;
  const view = { as: 'mask', transparency: 'black', within: { frame, resize } } as const;
  const { levels } = levelsOf(await decoder.see({ picture: await store.get(region.key) }, view));
  return levels.every((level) => level === 255) ? null : { ...frame.working, levels };
}
