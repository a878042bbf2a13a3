import type { MaskFill, MaskMode } from '../generation/request/choices.ts';
import type { PlannedInit, PlannedMask } from '../generation/planned-init.ts';
import type { Size } from '../numeric/size.ts';
import { fillFromAround } from '../pixels/fill-from-around.ts';
import { cut, type Frame, wholeFrame } from '../pixels/frame.ts';
import { greyPicture, levelsOf } from '../pixels/grey-picture.ts';
import { extendedMask } from '../pixels/extended-mask.ts';
import type { LevelMap } from '../pixels/level-map.ts';
import { blurMask } from '../pixels/mask-blur.ts';
import { boxOfMask, maskedRegion } from '../pixels/masked-region.ts';
import { pasteWithin } from '../pixels/paste.ts';
import type { RgbImage } from '../pixels/rgb-image.ts';
import type { Sides } from '../pixels/sides.ts';
import { decodeLevels, decodePicture } from './decode.ts';
import { resizeMask, resizePhoto } from './resize.ts';
import type { PictureFiles } from './see-picture.ts';

/** What is said of a picture that is drawn over. */
export interface CanvasPlan extends Pick<PlannedInit, 'resize'> {
  /** Of what is drawn. */
  readonly size: Size;
  /** Which part is drawn anew; absent where all of it is. */
  readonly mask?: Omit<PlannedMask, 'image'> | undefined;
}

/** What is drawn over, at the size of what is drawn. */
export interface Canvas {
  /** Which part of the picture it is. */
  readonly frame: Frame;
  readonly image: RgbImage;
  /** Which part of it is drawn anew; null where all of it is. */
  readonly repaint: { readonly mask: LevelMap; readonly mode: MaskMode; readonly fill: MaskFill | null } | null;
}

/** Reads the picture that is drawn over, and finds which part of it is drawn. @throws ArmatureError `invalid_image`, `image_too_large`. */
export async function beginCanvas(files: PictureFiles, plan: CanvasPlan): Promise<Canvas> {
  const { picture, masked } = await readCanvas(files, plan);
  if (masked === null) return { frame: wholeFrame(plan.size), image: picture, repaint: null };
  const { box, placed, levels, mode, fill } = masked;
  const image = plain(await resizePhoto(cut(picture, box), plan.size, 'stretch'));
  const part = levelsOf(await resizeMask(cut(greyPicture(levels), box), plan.size, 'stretch'));
  return {
    frame: { ...placed, working: plan.size },
    image: fill === 'blur' ? fillFromAround(image, part) : image,
    repaint: { mask: part, mode, fill },
  };
}

/** A picture with what was drawn in place of the part of it that the mask shows, and beyond its sides. Errors as of {@link beginCanvas}. */
export async function pasteOnto(files: PictureFiles, plan: CanvasPlan, drawn: RgbImage): Promise<RgbImage> {
  const { picture, masked } = await readCanvas(files, plan);
  if (masked === null) return drawn;
  const { box, levels } = masked;
  const whole = pasteWithin(picture, plain(await resizePhoto(drawn, box, 'stretch')), box, levels);
  return plan.mask === undefined ? whole : plain(cut(whole, { x: 0, y: 0, ...plan.mask.source }));
}

interface MaskedPart extends Pick<PlannedMask, 'mode' | 'fill'> {
  /** What of the picture, with the sides that were added, is drawn. */
  readonly box: Frame['box'];
  /** The same as a part of the picture without them, beyond which it may reach. */
  readonly placed: Pick<Frame, 'source' | 'box'>;
  /** The mask at the size of the picture, blurred: the one that is pasted by, and that the box and the latent mask are made from. */
  readonly levels: LevelMap;
}

async function readCanvas(
  files: PictureFiles,
  { size, resize, mask }: CanvasPlan,
): Promise<{ readonly picture: RgbImage; readonly masked: MaskedPart | null }> {
  const own = await decodePicture(files.picture, undefined, { background: 'white' });
  const source = mask?.extend?.over ?? mask?.source ?? size;
  const resized = plain(await resizePhoto(own, source, resize));
  if (mask === undefined) return { picture: resized, masked: null };
  const { area, padding, mode, fill, extend, blur } = mask;
  const sharp = files.mask === undefined ? null : await readMask(files.mask, resize, mask, source);
  const { picture, levels } =
    extend === undefined
      ? { picture: resized, levels: sharp === null ? null : blurMask(sharp, blur) }
      : extended(resized, sharp, extend, area === 'masked' ? mask.source : size, blur);
  if (levels === null) return { picture, masked: null };
  const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
  const found = area === 'masked' ? boxOfMask(levels) : null;
  const box = found === null ? whole : maskedRegion(found, padding, picture, size);
  const placed = { source, box: { ...box, x: box.x - (extend?.left ?? 0), y: box.y - (extend?.top ?? 0) } };
  return { picture, masked: { box, placed, levels, mode, fill } };
}

/** A picture on a larger canvas, with its border drawn out, and what of that is drawn anew. */
function extended(
  picture: RgbImage,
  mask: LevelMap | null,
  sides: Sides,
  canvas: Size,
  blur: number,
): { readonly picture: RgbImage; readonly levels: LevelMap } {
  const { width, height } = canvas;
  const larger = plain(cut(picture, { x: -sides.left, y: -sides.top, width, height }));
  return { picture: larger, levels: extendedMask(canvas, picture, sides, mask, blur) };
}

async function readMask(
  bytes: Uint8Array,
  resize: PlannedInit['resize'],
  { channel, mode }: Omit<PlannedMask, 'image'>,
  source: Size,
): Promise<LevelMap> {
  const { width, height, levels } = await decodeLevels(bytes, channel);
  const sharp = mode === 'hard' ? levels.map((level) => (level > 127 ? 255 : 0)) : levels;
  return levelsOf(await resizeMask(greyPicture({ width, height, levels: sharp }), source, resize));
}

function plain({ width, height, data }: RgbImage): RgbImage {
  return { width, height, data };
}
