import type { Size } from '../numeric/size.ts';
import { elementCount } from '../numeric/tensor.ts';
import type { BaseCheckpoint } from '../weights/checkpoint.ts';
import { placement } from '../pixels/geometry.ts';
import { mayFlip, type PreparedPair, preparePair, type Preparing } from './data/prepare.ts';
import type { TrainingPair } from './data/set.ts';
import { asFloats, asLevels, type CacheKey, type EncodedCache } from './encoded-cache.ts';
import { type FrozenNetworks, toldSizes } from './frozen-networks.ts';

/** What a row of a step is made of. */
export interface LearntRow {
  /** Means and logarithms of variances of latents of the autoencoder, one after the other. */
  readonly latents: Float32Array;
  /** What the caption means, as FrozenNetworks gives it. */
  readonly caption: Float32Array;
  /** 0 to 1, [3, height, width]; null where maps are not used. */
  readonly map: Float32Array | null;
  /** What SDXL is told of sizes. */
  readonly sizes: readonly number[];
}

/** How much there is of what locked networks make. */
export interface LearntShapes {
  /** Of latents: [channels, height, width]. */
  readonly latents: readonly [number, number, number];
  /** Numbers of a caption. */
  readonly caption: number;
}

/** Those of a base model whose text encoders read so many tokens. */
export function learntShapes({ unet, vae }: BaseCheckpoint, { width, height }: Size, tokens: number): LearntShapes {
  const { crossAttentionDim, added } = unet.config;
  const cell = 2 ** (vae.config.blockChannels.length - 1);
  return {
    latents: [vae.config.latentChannels, height / cell, width / cell],
    caption: tokens * crossAttentionDim + (added?.pooledWidth ?? 0),
  };
}

export interface LearntOptions extends Omit<Preparing, 'flip'> {
  readonly shapes: LearntShapes;
  readonly flip: boolean;
  /** Tells the networks that encode from others. */
  readonly networks: { readonly picture: string; readonly caption: string };
}

/** A set as it is learnt from: each pair as often as it comes in an epoch, what locked networks make of it kept in a cache. */
export class LearntSet {
  readonly #entries: readonly TrainingPair[];
  readonly #pairs: readonly TrainingPair[];
  readonly #frozen: FrozenNetworks;
  readonly #cache: EncodedCache;
  readonly #options: LearntOptions;

  constructor(pairs: readonly TrainingPair[], frozen: FrozenNetworks, cache: EncodedCache, options: LearntOptions) {
    this.#pairs = pairs;
    this.#entries = pairs.flatMap((pair) => Array.from({ length: pair.repeats }, () => pair));
    this.#frozen = frozen;
    this.#cache = cache;
    this.#options = options;
  }

  /** Pairs of an epoch. */
  get length(): number {
    return this.#entries.length;
  }

  /** The name of the picture at a place of an epoch that is not shuffled, for messages. */
  nameAt(index: number): string {
    return this.#at(index).picture.name;
  }

  /** The caption of the pair at such a place. */
  captionAt(index: number): string {
    return this.#at(index).caption;
  }

  /** Has all that is learnt from encoded, and `captions` beside that, so that no network but the one that is trained has to be in memory afterwards. */
  async encode(
    signal: AbortSignal,
    onProgress: (done: number, of: number) => Promise<void>,
    captions: readonly string[] = [],
  ): Promise<void> {
    for (const caption of ['', ...captions]) await this.caption(caption);
    for (const [done, pair] of this.#pairs.entries()) {
      signal.throwIfAborted();
      await this.caption(pair.caption);
      for (const flip of this.#options.flip && mayFlip(pair) ? [false, true] : [false])
        await this.#pictures(pair, flip);
      await onProgress(done + 1, this.#pairs.length);
    }
    await this.#frozen.release();
  }

  /** A row of the pair at a place; `flip` counts where it may be mirrored. */
  async row(index: number, { flip, silent }: { readonly flip: boolean; readonly silent: boolean }): Promise<LearntRow> {
    const pair = this.#at(index);
    const turned = flip && this.#options.flip && mayFlip(pair);
    const { picture } = pair;
    const at = placement(picture, this.#options.resolution, 'crop');
    return {
      ...(await this.#pictures(pair, turned)),
      caption: await this.caption(silent ? '' : pair.caption),
      sizes: toldSizes(picture, at, this.#options.resolution),
    };
  }

  #at(index: number): TrainingPair {
    return this.#entries[index] as TrainingPair;
  }

  async #pictures(pair: TrainingPair, flip: boolean): Promise<Pick<LearntRow, 'latents' | 'map'>> {
    const { resolution, condition, shapes, networks } = this.#options;
    const { width, height } = resolution;
    const seen: CacheKey = [pair.picture.sha256, width, height, flip];
    let prepared: Promise<PreparedPair> | undefined;
    const prepare = async (): Promise<PreparedPair> =>
      await (prepared ??= preparePair(pair, { ...this.#options, flip }));
    const latents = await this.#cache.get(
      ['latents', networks.picture, ...seen],
      2 * elementCount(shapes.latents),
      async () => await this.#frozen.encodePicture((await prepare()).picture, resolution),
      asFloats,
    );
    if (condition === null) return { latents, map: null };
    const map = await this.#cache.get(
      ['map', condition, pair.map?.sha256 ?? 'extracted', ...seen],
      3 * width * height,
      async () => (await prepare()).map ?? new Float32Array(),
      asLevels,
    );
    return { latents, map };
  }

  /** What a caption means. */
  async caption(caption: string): Promise<Float32Array> {
    const { shapes, networks } = this.#options;
    return await this.#cache.get(
      ['caption', networks.caption, caption],
      shapes.caption,
      async () => await this.#frozen.encodeCaption(caption),
      asFloats,
    );
  }
}
