import { sizeIds } from '../generation/picture-sizes.ts';
import type { BaseModel } from '../generation/models/base.ts';
import type { VaeModel } from '../generation/models/vae.ts';
import type { Size } from '../numeric/size.ts';
import { type OpenBase, ModelNetworks } from '../device/model-networks.ts';
import { decodeLatents } from '../device/latent-view.ts';
import type { LatentShape } from '../pipeline/pass.ts';
import { besideEachOther } from '../pipeline/conditioning/added.ts';
import { firstChunk } from '../pipeline/conditioning/chunks.ts';
import type { Conditioning } from '../pipeline/conditioning/conditioning.ts';
import type { Autoencoder } from '../pipeline/networks/networks.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { SessionPool, type SessionSettings } from '../runtime/index.ts';

/** Where locked networks run. */
export interface FrozenSettings extends SessionSettings {
  /** Bytes of memory for networks. */
  readonly memoryBudget: number;
  /** Of CLIP's own tokenizer. */
  readonly tokenizerFolder: string;
}

/** The parts of a base model that a training asks once: what a picture is as latents, and what a caption means. All in float32. */
export class FrozenNetworks {
  readonly #pool: SessionPool;
  readonly #open: OpenBase;
  readonly #autoencoder: Autoencoder;

  private constructor(pool: SessionPool, open: OpenBase, autoencoder: Autoencoder) {
    this.#pool = pool;
    this.#open = open;
    this.#autoencoder = autoencoder;
  }

  /** `vae` takes the place of the model's own autoencoder where it is drawn with another one. */
  static async open(base: BaseModel, vae: VaeModel | null, settings: FrozenSettings): Promise<FrozenNetworks> {
    const { memoryBudget, tokenizerFolder, ...session } = settings;
    const pool = new SessionPool(session, memoryBudget);
    const networks = new ModelNetworks(pool, tokenizerFolder);
    const open = await networks.openBase(base);
    return new FrozenNetworks(pool, open, await networks.openAutoencoder(open, { vae, taesd: null }));
  }

  /** Latents of the denoiser are its latents times this. */
  get scalingFactor(): number {
    return this.#autoencoder.encoder.scalingFactor;
  }

  /** Tokens that are read of a caption, start and end among them. */
  get tokens(): number {
    return this.#open.encoders[0]?.tokenizer.length ?? 0;
  }

  /** Tokens of a caption, start and end among them. */
  countTokens(caption: string): number {
    return Math.max(...this.#open.encoders.map(({ tokenizer }) => tokenizer.encode(caption).length + 2));
  }

  /** Means and then logarithms of variances of the latents of a picture, [3, height, width] in -1..1. */
  async encodePicture(picture: Float32Array, { width, height }: Size): Promise<Float32Array> {
    const { mean, logvar } = await this.#autoencoder.encoder.encode({ dims: [1, 3, height, width], data: picture });
    return joined(mean.data, logvar.data);
  }

  /** The picture [1, 3, 8h, 8w] in about -1..1 of latents of the denoiser, [channels, h, w]. */
  async decodePicture(latents: Float32Array, shape: LatentShape): Promise<Tensor> {
    const { decoder } = this.#autoencoder;
    return await decodeLatents(decoder, latents, shape);
  }

  /** What a caption means: `context` and, where the model takes it, `text_embeds`, one after the other. What is beyond the tokens that are read is left out. */
  async encodeCaption(caption: string): Promise<Float32Array> {
    const means: Conditioning[] = [];
    for (const encoder of this.#open.encoders) {
      const { chunk } = firstChunk(caption, encoder.tokenizer, []);
      means.push(await encoder.encode(chunk.ids, 0));
    }
    const { context, text_embeds: pooled } = besideEachOther(means);
    return joined(context?.data ?? new Float32Array(), pooled?.data ?? new Float32Array());
  }

  /** Gives their memory back: they load again where they are asked once more. */
  async release(): Promise<void> {
    await this.#pool.release();
  }
}

/** What SDXL is told of a picture that was brought to `resized` and cut to what is learnt from at (x, y). */
export function toldSizes(
  original: Size,
  at: { readonly x: number; readonly y: number },
  resolution: Size,
): readonly number[] {
  const sizes = { original: [original.height, original.width], crop: [at.y, at.x], target: null } as const;
  return sizeIds(sizes, resolution);
}

function joined(first: Float32Array, second: Float32Array): Float32Array {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
