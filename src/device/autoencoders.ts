import {
  buildTaesdDecoder,
  buildVaeDecoder,
  buildVaeEncoder,
  type NetworkPart,
  type OnnxModel,
  type Tiling,
  type VaeConfig,
} from '../graph/compiler/index.ts';
import type { TaesdModel } from '../generation/models/taesd.ts';
import type { VaeModel } from '../generation/models/vae.ts';
import type { Tensor } from '../numeric/tensor.ts';
import type { Autoencoder, LatentDecoder, PictureEncoder } from '../pipeline/networks/networks.ts';
import type { SessionPool } from '../runtime/index.ts';
import { openTaesdCheckpoint } from '../weights/layouts/taesd.ts';
import { openVaeCheckpoint } from '../weights/layouts/vae.ts';
import { ColouredViews, decodedView, type LatentView } from './latent-view.ts';
import type { AutoencoderWork } from './protocol.ts';
import { tiled } from './network-variant.ts';
import { requireSame } from './require-same.ts';
import { run, runOne, sessionKey } from './run-network.ts';

/**
 * What stands in for the autoencoders of base models. Each is a network of its own, known by its own file: it is loaded once for all
 * base models that are drawn with it, and their denoisers, and what shares a step, stay what they are.
 */
export class Autoencoders {
  readonly #pool: SessionPool;
  readonly #vaes = new Map<string, Promise<VaeOf>>();
  readonly #coloured = new ColouredViews();
  readonly #taesds = new Map<string, Promise<TaesdOf>>();

  constructor(pool: SessionPool) {
    this.#pool = pool;
  }

  /** With what is chosen in the place of `own`. `model_invalid` where a file is not the one any more that the request was accepted with. */
  async of(
    own: PictureEncoder & LatentDecoder,
    { vae, taesd }: AutoencoderWork,
    tiling?: Tiling,
  ): Promise<Autoencoder> {
    const coder = vae === null ? own : (await this.#vae(vae))(own.scalingFactor, tiling);
    return { encoder: coder, decoder: taesd === null ? coder : (await this.#taesd(taesd))(tiling) };
  }

  /** How pictures that such an autoencoder decodes are looked at while they are drawn: by a TAESD, or by colours that are fitted to its decoder. */
  async view({ decoder }: Autoencoder, taesd: TaesdModel | null, tiling?: Tiling): Promise<LatentView> {
    return taesd === null ? this.#coloured.of(decoder) : decodedView((await this.#taesd(taesd))(tiling));
  }

  async #vae(model: VaeModel): Promise<VaeOf> {
    return await opened(this.#vaes, model, async (key) => {
      const { vae, scalingFactor, hash } = await openVaeCheckpoint(model.path);
      requireSame('autoencoder', model, hash);
      return (usual, tiling) => ({
        ...vaeNetworks(this.#pool, key, vae, tiling),
        scalingFactor: scalingFactor ?? usual,
      });
    });
  }

  async #taesd(model: TaesdModel): Promise<TaesdOf> {
    return await opened(this.#taesds, model, async (key) => {
      const { taesd, hash } = await openTaesdCheckpoint(model.path);
      requireSame('TAESD', model, hash);
      return (tiling) => {
        const session = sessionKey(`${key}/decoder`, { structure: tiled(tiling) });
        const build = (): OnnxModel => buildTaesdDecoder(taesd, { tiling });
        return {
          key: session,
          scalingFactor: 1,
          decode: async (latent) => await runOne(this.#pool, session, build, 'image', { latent }),
        };
      };
    });
  }
}

/** An autoencoder, given the factor of the model that it is drawn with, which counts where its own files do not say one. */
type VaeOf = (usualFactor: number, tiling: Tiling | undefined) => PictureEncoder & LatentDecoder;

type TaesdOf = (tiling: Tiling | undefined) => LatentDecoder;

async function opened<Open>(
  known: Map<string, Promise<Open>>,
  { id, hash }: { readonly id: string; readonly hash: string },
  open: (key: string) => Promise<Open>,
): Promise<Open> {
  const key = `${id}@${hash}`;
  const before = known.get(key);
  if (before !== undefined) return await before;
  const opening = open(key);
  known.set(key, opening);
  // One that failed may be tried again.
  opening.catch(() => known.delete(key));
  return await opening;
}

/** Both halves of an autoencoder, run through a pool of sessions under keys that begin with `key`. */
export function vaeNetworks(
  pool: SessionPool,
  key: string,
  vae: NetworkPart<VaeConfig>,
  tiling?: Tiling,
): PictureEncoder & LatentDecoder {
  const structure = tiled(tiling);
  const encoder = sessionKey(`${key}/encoder`, { structure });
  const decoder = sessionKey(`${key}/decoder`, { structure });
  return {
    key: decoder,
    scalingFactor: vae.config.scalingFactor,
    encode: async (image) => {
      const [mean, logvar] = await run(pool, encoder, () => buildVaeEncoder(vae, { tiling }), ['mean', 'logvar'], {
        image,
      });
      return { mean: mean as Tensor, logvar: logvar as Tensor };
    },
    decode: async (latent) => await runOne(pool, decoder, () => buildVaeDecoder(vae, { tiling }), 'image', { latent }),
  };
}
