import { createHash } from 'node:crypto';
import type { ImageEncoderModel } from '../generation/models/image-encoder.ts';
import type { IpAdapterModel } from '../generation/models/ip-adapter.ts';
import type { ImagePromptNetworks, ImageTokens } from '../pipeline/networks/networks.ts';
import type { SessionPool } from '../runtime/index.ts';
import { LeastRecent } from '../runtime/least-recent.ts';
import { openImageEncoder } from '../weights/layouts/image-encoder.ts';
import { openIpAdapterFile } from '../weights/layouts/ip-adapter-file.ts';
import { imagePromptNetworks } from './pooled-networks.ts';

/** Tokens of one picture take up to 12 MB in SDXL. */
const mostKept = 24;

/** IP-Adapters with their image encoders. What pictures that were seen last mean is kept: the same one beside many prompts is seen once. */
export class ImagePrompts {
  readonly #pool: SessionPool;
  readonly #open = new Map<string, ImagePromptNetworks>();
  readonly #tokens = new LeastRecent<ImageTokens>(mostKept);

  constructor(pool: SessionPool) {
    this.#pool = pool;
  }

  async open(model: IpAdapterModel, encoder: ImageEncoderModel): Promise<ImagePromptNetworks> {
    const keys = { adapter: `${model.id}@${model.hash}`, encoder: `${encoder.id}@${encoder.hash}` };
    const key = JSON.stringify([keys.adapter, keys.encoder]);
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const checkpoints = [await openIpAdapterFile(model.path), await openImageEncoder(encoder.path)] as const;
    const networks = this.#keeping(key, imagePromptNetworks(this.#pool, keys, ...checkpoints));
    this.#open.set(key, networks);
    return networks;
  }

  #keeping(key: string, { imageSize, tokensOf }: ImagePromptNetworks): ImagePromptNetworks {
    return {
      imageSize,
      tokensOf: async (pixels) => {
        const picture = pixels === null ? 'none' : createHash('sha256').update(pixels.data).digest('hex');
        const name = `${key}/${picture}`;
        const known = this.#tokens.get(name) ?? (await tokensOf(pixels));
        this.#tokens.set(name, known);
        return known;
      },
    };
  }
}
