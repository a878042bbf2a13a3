import type { Size } from '../numeric/size.ts';
import type { DrawnOver, EncodedPicture } from '../pipeline/drawn-over.ts';
import type { PictureEncoder, PictureNetworks } from '../pipeline/networks/networks.ts';
import { tensorFrom } from '../pipeline/pixels.ts';
import type { Shown } from '../pipeline/shown.ts';
import { latentMask } from '../pixels/latent-mask.ts';
import type { LevelMap } from '../pixels/level-map.ts';
import type { RgbImage } from '../pixels/rgb-image.ts';
import type { PassStart } from './protocol.ts';

/** What the autoencoder makes of the pictures of a pass. */
export interface EncodedStart {
  readonly over: DrawnOver | null;
  readonly shown: Shown | null;
}

type Encoding = Pick<PictureNetworks, 'task' | 'latentScale'> & PictureEncoder;

/** What a pass of this size draws over and what its network is shown. Yields before each picture that is encoded beyond the first. */
export async function* encodeStart(
  start: PassStart | null,
  size: Size,
  { task, latentScale }: Pick<PictureNetworks, 'task' | 'latentScale'>,
  encoder: PictureEncoder,
): AsyncGenerator<void, EncodedStart> {
  const networks: Encoding = {
    task,
    latentScale,
    scalingFactor: encoder.scalingFactor,
    encode: async (images) => await encoder.encode(images),
  };
  if (networks.task === 'editing') {
    if (start === null) throw new RangeError('A pass that edits a picture was given none');
    const { mean } = await networks.encode(tensorFrom(start.image));
    // The middle of where its latents lie, and not scaled: so these networks were trained.
    return { over: null, shown: { kind: 'edited', latents: mean.data } };
  }
  const over = start === null ? null : await drawnOver(start, size, networks);
  if (networks.task === 'drawing') return { over, shown: null };
  if (start !== null) yield;
  return { over, shown: await maskedPicture(start, size, networks) };
}

async function drawnOver({ image, repaint }: PassStart, size: Size, networks: Encoding): Promise<DrawnOver> {
  const rule = networks.task === 'inpainting' ? 'nearest' : repaint?.mode === 'soft' ? 'grey' : 'rounded';
  return {
    ...(await encoded(image, networks)),
    repaint: repaint === null ? null : { ...repaint, mask: latentMask(repaint.mask, cellsOf(size, networks), rule) },
  };
}

/** Where nothing says which part is drawn anew, all of it is, and the picture that is shown is grey. */
async function maskedPicture(start: PassStart | null, size: Size, networks: Encoding): Promise<Shown> {
  const mask = start?.repaint?.mask ?? null;
  const cells = cellsOf(size, networks);
  const image = start === null || mask === null ? null : start.image;
  return {
    kind: 'masked',
    mask: mask === null ? new Float32Array(cells.width * cells.height).fill(1) : latentMask(mask, cells, 'nearest'),
    picture: await encoded(image, networks, mask, size),
  };
}

/** A picture, or grey, as the autoencoder has it; grey where a mask is above a half. */
async function encoded(
  image: RgbImage | null,
  networks: Encoding,
  mask: LevelMap | null = null,
  { width, height }: Size = image ?? { width: 0, height: 0 },
): Promise<EncodedPicture> {
  const plane = width * height;
  const picture =
    image === null ? { dims: [1, 3, height, width], data: new Float32Array(3 * plane) } : tensorFrom(image);
  const masked =
    mask === null ? picture.data : picture.data.map((value, i) => ((mask.levels[i % plane] ?? 0) > 127 ? 0 : value));
  const { mean, logvar } = await networks.encode({ dims: picture.dims, data: masked });
  return { mean: mean.data, logvar: logvar.data, scalingFactor: networks.scalingFactor };
}

function cellsOf({ width, height }: Size, { latentScale }: Encoding): Size {
  return { width: width / latentScale, height: height / latentScale };
}
