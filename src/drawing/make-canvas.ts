import type { PassStart } from '../device/protocol.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import { decodeHere, type PictureDecoder } from '../images/decoder/decoder.ts';
import { type Frame, wholeFrame } from '../pixels/frame.ts';
import type { RgbImage } from '../pixels/rgb-image.ts';
import type { ObjectStore } from '../store/store.ts';
import { readFiles } from './read-files.ts';

/** What a plan draws on. */
export interface PlanCanvas {
  readonly frame: Frame;
  /** What the first pass draws over; null where it begins with noise alone. */
  readonly over: PassStart | null;
  /** A picture as it was drawn to what the job gives: put in its place where only a part of a picture is drawn anew. */
  readonly finish: (drawn: RgbImage) => Promise<RgbImage>;
}

/** Reads what a plan draws over, and finds which part of it is drawn. */
export async function makeCanvas(
  store: Pick<ObjectStore, 'get'>,
  { init, width, height }: Pick<GenerationPlan, 'init' | 'width' | 'height'>,
  decoder: PictureDecoder = decodeHere,
): Promise<PlanCanvas> {
  const size = { width, height };
  if (init === undefined) return { frame: wholeFrame(size), over: null, finish: same };
  const { mask, resize } = init;
  const read = async () => await readFiles(store, { image: init.image, mask: mask?.image });
  const plan = { size, resize, mask };
  const { frame, image, repaint } = await decoder.begin(await read(), plan);
  const paste = async (drawn: RgbImage): Promise<RgbImage> => await decoder.paste(await read(), plan, drawn);
  return { frame, over: { image, repaint }, finish: mask === undefined ? same : paste };
}

async function same(drawn: RgbImage): Promise<RgbImage> {
  return await Promise.resolve(drawn);
}
