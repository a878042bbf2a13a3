import type { AlphaImage } from '../pixels/alpha-image.ts';
import { attemptOf, failureOf, keyOf } from './attempt.ts';
import type { Pieces } from './pieces.ts';
import type { AttemptKey, EnlargeRequest, FromDevice } from './protocol.ts';
import { type TilesDone, type UpscalerNetwork, upscaleTiles } from './upscaling.ts';

/** What opens the network of an upscale. */
export interface UpscalerNetworks {
  openUpscaler(model: EnlargeRequest['model']): Promise<UpscalerNetwork>;
}

/** Makes pictures larger by networks, each tile a piece of the device's work. */
export class Upscales {
  readonly #pieces: Pick<Pieces, 'add'>;
  readonly #networks: UpscalerNetworks;
  readonly #send: (message: FromDevice) => void;
  readonly #wanted = new Map<string, EnlargeRequest>();

  constructor(pieces: Pick<Pieces, 'add'>, networks: UpscalerNetworks, send: (message: FromDevice) => void) {
    this.#pieces = pieces;
    this.#networks = networks;
    this.#send = send;
  }

  begin(request: EnlargeRequest): void {
    this.#wanted.set(keyOf(request), request);
    const opening = this.#networks.openUpscaler(request.model);
    // Read by the first piece.
    opening.catch(() => {});
    const tiles = tilesBy(opening, request.image);
    this.#pieces.add(async () => await this.#nextTile(request, tiles));
  }

  /** Whether there was one to cancel. */
  cancel(attempt: AttemptKey): boolean {
    return this.#wanted.delete(keyOf(attempt));
  }

  async #nextTile(request: EnlargeRequest, tiles: AsyncGenerator<TilesDone, AlphaImage>): Promise<void> {
    const key = keyOf(request);
    // A cancel took it out and was answered.
    const isWanted = (): boolean => this.#wanted.get(key) === request;
    if (!isWanted()) return;
    try {
      const tile = await tiles.next();
      if (!isWanted()) return;
      if (tile.done === true) {
        this.#wanted.delete(key);
        this.#send({ type: 'enlarged', ...attemptOf(request), image: tile.value });
        return;
      }
      this.#send({ type: 'tiled', ...attemptOf(request), ...tile.value });
      this.#pieces.add(async () => await this.#nextTile(request, tiles));
    } catch (error) {
      if (this.#wanted.delete(key)) this.#send(failureOf(request, error));
    }
  }
}

async function* tilesBy(opening: Promise<UpscalerNetwork>, image: AlphaImage): AsyncGenerator<TilesDone, AlphaImage> {
  return yield* upscaleTiles(await opening, image);
}
