import type { PassStart } from '../device/protocol.ts';
import type { GenerationPlan, PlannedInit, PlannedMask } from '../generation/plan.ts';
import { decodeHere, type PictureDecoder } from '../images/decoder/decoder.ts';
import { resizeMask, resizePhoto } from '../images/resize.ts';
import { fillFromAround } from '../pixels/fill-from-around.ts';
import { cut, type Frame, wholeFrame } from '../pixels/frame.ts';
import { greyPicture, levelsOf } from '../pixels/grey-picture.ts';
import type { LevelMap } from '../pixels/level-map.ts';
import { blurMask } from '../pixels/mask-blur.ts';
import { boxOfMask, maskedRegion } from '../pixels/masked-region.ts';
import { pasteWithin } from '../pixels/paste.ts';
import type { RgbImage } from '../pixels/rgb-image.ts';
import type { ObjectStore } from '../store/store.ts';

/** What a plan draws on. */
export interface Canvas {
  readonly frame: Frame;
  /** What the first pass draws over; null where it begins with noise alone. */
  readonly over: PassStart | null;
  /** A picture as it was drawn to what the job gives: put in its place where only a part of a picture is drawn anew. */
  readonly finish: (drawn: RgbImage) => Promise<RgbImage>;
}

type Reading = Pick<ObjectStore, 'get'>;

/** Reads what a plan draws over, and finds which part of it is drawn. */
export async function makeCanvas(
  store: Reading,
  plan: GenerationPlan,
  decoder: PictureDecoder = decodeHere,
): Promise<Canvas> {
  const { init } = plan;
  const size = { width: plan.width, height: plan.height };
  if (init === undefined) return { frame: wholeFrame(size), over: null, finish: same };
  const { mask, resize } = init;
  const own = await decoder.decode(await store.get(init.image.key), { background: 'white' });
  const picture = plain(await resizePhoto(own, mask?.source ?? size, resize));
  if (mask === undefined) {
    return { frame: wholeFrame(size), over: { image: picture, repaint: null }, finish: same };
  }
  return await maskedCanvas(picture, mask, await readMask(store, init, mask, decoder), size);
}

async function maskedCanvas(
  picture: RgbImage,
  { area, padding, mode, fill }: PlannedMask,
  mask: LevelMap,
  working: { readonly width: number; readonly height: number },
): Promise<Canvas> {
  const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
  const masked = area === 'masked' ? boxOfMask(mask) : null;
  const box = masked === null ? whole : maskedRegion(masked, padding, picture, working);
  const frame: Frame = { source: { width: picture.width, height: picture.height }, box, working };
  const image = plain(await resizePhoto(cut(picture, box), working, 'stretch'));
  const part = levelsOf(await resizeMask(cut(greyPicture(mask), box), working, 'stretch'));
  const begun = fill === 'blur' ? fillFromAround(image, part) : image;
  return {
    frame,
    over: { image: begun, repaint: { mask: part, mode, fill } },
    finish: async (drawn) => pasteWithin(picture, plain(await resizePhoto(drawn, box, 'stretch')), box, mask),
  };
}

/** The mask at the size of the picture, blurred: the one that is pasted by, and that the part and the latent mask are made from. */
async function readMask(
  store: Reading,
  { resize }: PlannedInit,
  { image, channel, mode, blur, source }: PlannedMask,
  decoder: PictureDecoder,
): Promise<LevelMap> {
  const { width, height, levels } = await decoder.decodeLevels(await store.get(image.key), channel);
  const sharp = mode === 'hard' ? levels.map((level) => (level > 127 ? 255 : 0)) : levels;
  const resized = await resizeMask(greyPicture({ width, height, levels: sharp }), source, resize);
  return blurMask(levelsOf(resized), blur);
}

function plain({ width, height, data }: RgbImage): RgbImage {
  return { width, height, data };
}

async function same(drawn: RgbImage): Promise<RgbImage> {
  return await Promise.resolve(drawn);
}
