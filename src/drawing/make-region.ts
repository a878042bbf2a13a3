import { conditionOf } from '../conditions/registry.ts';
import { levelsOf } from '../pixels/grey-picture.ts';
import type { PlannedControl } from '../generation/planned-control.ts';
import { decodeHere, type PictureDecoder } from '../images/decoder/decoder.ts';
import { type Region, regionOfSource } from '../pixels/region.ts';
import type { Frame } from '../pixels/frame.ts';
import type { ObjectStore } from '../store/store.ts';

/**
 * Reads the region of a control in a frame, brought into it as its image is. Null where it acts everywhere, which a
 * mask that is white all over says too. Beyond its picture a control says nothing and does not act, but for one that says of it that it is to be
 * drawn anew.
 */
export async function makeRegion(
  store: Pick<ObjectStore, 'get'>,
  { type, region, resize }: Pick<PlannedControl, 'type' | 'region' | 'resize'>,
  frame: Frame,
  decoder: PictureDecoder = decodeHere,
): Promise<Region | null> {
  if (region === undefined) return conditionOf(type).masked === true ? null : regionOfSource(frame);
  const view = { as: 'mask', transparency: 'black', within: { frame, resize } } as const;
  const { levels } = levelsOf(await decoder.see({ picture: await store.get(region.key) }, view));
  return levels.every((level) => level === 255) ? null : { ...frame.working, levels };
}
