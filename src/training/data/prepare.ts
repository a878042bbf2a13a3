import { conditionOf } from '../../conditions/registry.ts';
import type { PictureDecoder } from '../../images/decoder/decoder.ts';
import type { PictureView } from '../../images/see-picture.ts';
import type { Size } from '../../numeric/size.ts';
import { mapTensor } from '../../pipeline/controls/map-tensor.ts';
import { tensorFrom } from '../../pipeline/pixels.ts';
import { placement } from '../../pixels/geometry.ts';
import type { MaskedImage } from '../../pixels/rgb-image.ts';
import { mirrored } from '../../pixels/mirror.ts';
import type { TrainingPair } from './set.ts';

/** How a pair is brought to what a step takes. */
export interface Preparing {
  /** Pixels of what comes out. */
  readonly resolution: Size;
  /** Id or name of the condition that the maps are of; null where maps are not used. */
  readonly condition: string | null;
  /** Whether left and right change places. */
  readonly flip: boolean;
  readonly decoder: Pick<PictureDecoder, 'see'>;
  /** Makes the map of a picture, at the picture's size, where none was given. */
  readonly extract: (picture: MaskedImage) => Promise<MaskedImage>;
}

/** A pair as a step takes it: both [3, height, width], channel by channel. */
export interface PreparedPair {
  /** -1 to 1. */
  readonly picture: Float32Array;
  /** 0 to 1, and -1 where a map of a masked condition says that nothing is known; null where maps are not used. */
  readonly map: Float32Array | null;
}

/**
 * Picture and map by one crop: the picture's short side fills the resolution and what is too much on both sides is cut; the map is brought
 * to the same pixels by its kind's own rule (classes stay classes, lines stay lines), with a single resampling. What is transparent lies
 * over white in the picture, and over black in the map. An extracted map is made of the picture as it is trained on.
 */
export async function preparePair(
  pair: Pick<TrainingPair, 'picture' | 'map'>,
  { resolution, condition, flip, decoder, extract }: Preparing,
): Promise<PreparedPair> {
  const within = cropOf(pair.picture, resolution);
  const seen = await decoder.see(
    { picture: await pair.picture.read() },
    { as: 'photo', transparency: 'white', within },
  );
  const picture = flip ? mirrored(seen) : seen;
  if (condition === null) return { picture: tensorFrom(picture).data, map: null };
  const { masked, swapSides } = conditionOf(condition);
  if (pair.map === null) return { picture: tensorFrom(picture).data, map: mapTensor(await extract(picture)).data };
  const transparency = masked === true ? 'masked' : 'black';
  const map = await decoder.see({ picture: await pair.map.read() }, { as: 'map', transparency, within });
  const turned = flip ? mirrored(map) : map;
  const swap = flip && swapSides !== undefined ? await swapSides() : (same: MaskedImage) => same;
  return { picture: tensorFrom(picture).data, map: mapTensor(swap(turned)).data };
}

/** The part of a picture that is trained on, at the size at which it is. Whatever has other pixels is stretched to the picture's first. */
export function cropOf(picture: Size, resolution: Size): PictureView['within'] {
  const { resized, x, y } = placement(picture, resolution, 'crop');
  const { width, height } = resolution;
  return { frame: { source: resized, box: { x, y, width, height }, working: { width, height } }, resize: 'stretch' };
}

/** Words whose meaning a mirrored picture would turn round. */
const sides = /(?<![\p{L}\p{N}])(?:left|right)(?![\p{L}\p{N}])/iu;

/** Whether a pair may be mirrored: not where its caption says what is on which side. */
export function mayFlip({ caption }: Pick<TrainingPair, 'caption'>): boolean {
  return !sides.test(caption.replaceAll(/[_-]/g, ' '));
}
