import { buildUpscaler } from '../graph/compiler/index.ts';
import { cellsOf } from '../numeric/cells.ts';
import { cubic, resampleBytes } from '../numeric/resample.ts';
import type { Tensor } from '../numeric/tensor.ts';
import type { AlphaImage } from '../pixels/alpha-image.ts';
import { type Tile, tilesOf } from '../pixels/tiles.ts';
import type { SessionPool } from '../runtime/index.ts';
import { openUpscalerFile, scaleOf } from '../weights/layouts/upscaler-file.ts';
import { type UpscalerModel, upscalerNoun } from '../generation/models/upscaler.ts';
import { requireSame } from './require-same.ts';
import { runOne, sessionKey } from './run-network.ts';

/** A network that makes pictures `scale` times as wide and as high. */
export interface UpscalerNetwork {
  readonly scale: number;
  /** Pixels across and down of a picture that it takes as channels. */
  readonly cell: number;
  /** [1, 3 x cell^2, h, w] of 0..1 to [1, 3, H, W], about 0..1. */
  readonly run: (cells: Tensor) => Promise<Tensor>;
}

/** Upscalers that were opened, each loaded when it is first run. */
export class Upscalers {
  readonly #pool: SessionPool;
  readonly #open = new Map<string, UpscalerNetwork>();

  constructor(pool: SessionPool) {
    this.#pool = pool;
  }

  /** `model_invalid` where its file is not the one any more that the request was accepted with. */
  async open(model: UpscalerModel): Promise<UpscalerNetwork> {
    const key = `${model.id}@${model.hash}`;
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const { upscaler, hash } = await openUpscalerFile(model.path);
    requireSame(upscalerNoun.noun, model, hash);
    const { cell } = upscaler.config;
    const session = sessionKey(`${key}/upscaler`);
    const network = {
      scale: scaleOf(upscaler.config),
      cell,
      run: async (cells: Tensor) =>
        await runOne(this.#pool, session, () => buildUpscaler(upscaler), 'image', { cells }),
    };
    this.#open.set(key, network);
    return network;
  }
}

/** Pixels on a side of what is made of a tile: at most as much memory is worked in, however large a picture is. */
const tileSide = 768;
/** Pixels of the picture around a tile that have a part in it. */
const margin = 32;

/** Tiles that are done, of how many. */
export interface TilesDone {
  readonly step: number;
  readonly steps: number;
}

/**
 * A picture by a network, tile by tile; it says after each how far it is. What is transparent is enlarged by a kernel: networks see
 * colours alone.
 */
export async function* upscaleTiles(
  { scale, cell, run }: UpscalerNetwork,
  image: AlphaImage,
  side = tileSide,
): AsyncGenerator<TilesDone, AlphaImage> {
  const { width, height, channels } = image;
  const [wide, high] = [width * scale, height * scale];
  const out = { width: wide, height: high, channels, data: new Uint8Array(wide * high * channels) };
  const core = Math.max(Math.floor(side / scale) - 2 * margin, margin);
  const tiles = tilesOf(roundedUp(image, cell), core - (core % cell), margin);
  for (const [index, tile] of tiles.entries()) {
    const cells = cellsOf(planesOf(image, tile), 3, tile.seen, cell);
    keep(await run(cells), tile, scale, out);
    yield { step: index + 1, steps: tiles.length };
  }
  if (channels === 4) enlargeAlpha(image, out);
  return out;
}

/** A network takes whole cells only: the last pixels are repeated until they are full. */
function roundedUp({ width, height }: AlphaImage, cell: number): { readonly width: number; readonly height: number } {
  return { width: Math.ceil(width / cell) * cell, height: Math.ceil(height / cell) * cell };
}

/** What a tile sees as planes of 0..1; beyond the picture its border is repeated. */
function planesOf({ width, height, channels, data }: AlphaImage, { seen }: Tile): Float32Array {
  const planes = new Float32Array(3 * seen.width * seen.height);
  let to = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (let y = seen.y; y < seen.y + seen.height; y++) {
      const row = Math.min(y, height - 1) * width;
      for (let x = seen.x; x < seen.x + seen.width; x++) {
        planes[to++] = data[(row + Math.min(x, width - 1)) * channels + channel]! / 255;
      }
    }
  }
  return planes;
}

function keep(made: Tensor, { seen, kept }: Tile, scale: number, out: AlphaImage): void {
  const [madeWidth, plane] = [seen.width * scale, seen.width * seen.height * scale ** 2];
  const [left, top] = [kept.x * scale, kept.y * scale];
  const right = Math.min((kept.x + kept.width) * scale, out.width);
  const bottom = Math.min((kept.y + kept.height) * scale, out.height);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const from = (y - seen.y * scale) * madeWidth + x - seen.x * scale;
      const to = (y * out.width + x) * out.channels;
      for (let channel = 0; channel < 3; channel++) {
        const value = made.data[channel * plane + from]!;
        out.data[to + channel] = Math.round(Math.min(1, Math.max(0, value)) * 255);
      }
    }
  }
}

function enlargeAlpha(image: AlphaImage, out: AlphaImage): void {
  const alpha = image.data.filter((_, i) => i % 4 === 3);
  const enlarged = resampleBytes(alpha, image, out, 1, cubic);
  for (let i = 0; i < enlarged.length; i++) out.data[i * 4 + 3] = enlarged[i]!;
}
