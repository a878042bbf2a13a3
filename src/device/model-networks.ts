import type { Tiling } from '../graph/compiler/index.ts';
import type { BaseModel } from '../generation/models/base.ts';
import type { UpscalerModel } from '../generation/models/upscaler.ts';
import type {
  Autoencoder,
  ControlNetworks,
  NetworkSource,
  PictureNetworks,
  RowBranch,
  SteeringSource,
} from '../pipeline/networks/networks.ts';
import { type ModelSchedule, noiseScheduleFrom } from '../schedulers/scheduler-config.ts';
import type { Tokenizer } from '../pipeline/tokenizer/tokenizer.ts';
import { loadTokenizer } from '../pipeline/tokenizer/load-tokenizer.ts';
import { type PromptEncoder, textEncoder } from '../pipeline/conditioning/prompt-encoder.ts';
import type { SessionPool } from '../runtime/index.ts';
import { LeastRecent } from '../runtime/least-recent.ts';
import { Branches } from './branches.ts';
import { Autoencoders } from './autoencoders.ts';
import type { LatentView } from './latent-view.ts';
import { MergedLoras, type NetworkDeltas, noDeltas } from './merged-loras.ts';
import { baseNetworks } from './pooled-networks.ts';
import { opened, SteeringNetworks } from './steering-networks.ts';
import { type UpscalerNetwork, Upscalers } from './upscaling.ts';
import { LearnedWords } from './learned-words.ts';
import { textNetwork } from './text-network.ts';
import type { AutoencoderWork, LoraWork, PreviewWork, WordWork } from './protocol.ts';
import { type BaseCheckpoint, openDecidedBase, type TextEncoderPart } from '../weights/checkpoint.ts';
import { loraTargetOf } from '../weights/lora/lora-targets.ts';

export interface OpenBase {
  /** What samples name these networks by. */
  readonly key: string;
  readonly networks: PictureNetworks;
  /** LoRAs that run beside the layers of the denoiser, in each row of what is drawn with it. */
  readonly branches: readonly RowBranch[];
  /** What makes a conditioning of a prompt, each some names of it. */
  readonly encoders: readonly PromptEncoder[];
  readonly schedule: ModelSchedule;
}

/** A base model with the networks of its files, and what variants of it are made from. */
interface OpenFiles {
  readonly key: string;
  readonly checkpoint: BaseCheckpoint;
  /** Of each text encoder. */
  readonly tokenizers: readonly Tokenizer[];
  readonly open: OpenBase;
}

/** Far more than are drawn with at once. */
const mostVariants = 1000;

/**
 * The networks of models, as sessions that come and go under the pool's memory budget. Opening a model reads headers and
 * configs only; a network is compiled and its weights are read when it is first run.
 */
export class ModelNetworks implements NetworkSource {
  readonly #pool: SessionPool;
  readonly #tokenizerFolder: string;
  readonly #bases = new Map<string, OpenFiles>();
  /** By what samples name them. Each is small, and asked for at every step of its samples: those that go have none on their way. */
  readonly #variants = new LeastRecent<PictureNetworks>(mostVariants);
  readonly #loras = new MergedLoras();
  readonly #words = new LearnedWords();
  readonly #branches: Branches;
  readonly #steering: SteeringNetworks;
  readonly #autoencoders: Autoencoders;
  readonly #upscalers: Upscalers;

  constructor(pool: SessionPool, tokenizerFolder: string) {
    this.#pool = pool;
    this.#branches = new Branches(pool);
    this.#steering = new SteeringNetworks(pool, async (base) => (await this.#openFiles(base)).checkpoint);
    this.#autoencoders = new Autoencoders(pool);
    this.#upscalers = new Upscalers(pool);
    this.#tokenizerFolder = tokenizerFolder;
  }

  /**
   * A base model with adapters beside the layers of its networks, or merged into them, each network that they change being a variant of its own
   * then; without adapters that act those of its files. What tiles, or merges tokens, is drawn by variants too. Its text encoders are
   * taught `words`. Throws as {@link MergedLoras.of} and {@link LearnedWords.of} do.
   */
  async openBase(
    model: BaseModel,
    loras: readonly LoraWork[] = [],
    words: readonly WordWork[] = [],
    tiling?: Tiling,
    tokenMerging?: number,
  ): Promise<OpenBase> {
    const base = await this.#openFiles(model);
    const open = await this.#merged(base, model.id, loras, tiling, tokenMerging);
    if (words.length === 0) return open;
    const widths = base.checkpoint.textEncoders.map(({ config }) => config.hiddenSize);
    const taught = await this.#words.of(words, widths);
    return { ...open, encoders: open.encoders.map((encoder, index) => ({ ...encoder, words: taught[index] ?? [] })) };
  }

  async #merged(
    base: OpenFiles,
    name: string,
    loras: readonly LoraWork[],
    tiling: Tiling | undefined,
    tokenMerging: number | undefined,
  ): Promise<OpenBase> {
    const acting = loras.filter(({ scale, textEncoderScale }) => scale !== 0 || textEncoderScale !== 0);
    if (acting.length === 0 && tiling === undefined && tokenMerging === undefined) return base.open;
    const { key, checkpoint } = base;
    const merged = acting.length === 0 ? null : await this.#loras.of({ key, name, checkpoint }, acting);
    const changes = merged?.unet ?? noDeltas;
    const chosen = [
      ...(changes.deltas.length === 0 ? [] : [changes.deltas]),
      ...(tiling === undefined ? [] : [tiling]),
      ...(tokenMerging === undefined ? [] : [{ tokenMerging }]),
    ];
    const variant = chosen.length === 0 ? key : JSON.stringify([key, ...chosen]);
    const pictures =
      this.#pictures(variant) ??
      this.#keep(variant, baseNetworks(this.#pool, key, checkpoint, changes, this.#branches, tiling, tokenMerging));
    const branches = changes.branches.map(({ branch, scale }) => this.#branches.open(branch, scale));
    const encoders =
      merged === null ? base.open.encoders : this.#encodersOf(base, ({ name }) => merged[loraTargetOf[name]]);
    return { key: variant, networks: pictures, branches, encoders, schedule: base.open.schedule };
  }

  /** What its pictures are brought to latents with, and back, where that may be other than its own. Throws as {@link Autoencoders.of} does. */
  async openAutoencoder({ networks }: OpenBase, work: AutoencoderWork, tiling?: Tiling): Promise<Autoencoder> {
    return await this.#autoencoders.of(networks, work, tiling);
  }

  async openUpscaler(model: UpscalerModel): Promise<UpscalerNetwork> {
    return await this.#upscalers.open(model);
  }

  /** How pictures are looked at while they are drawn. Throws as {@link Autoencoders.of} does. */
  async openView(autoencoder: Autoencoder, { taesd }: PreviewWork, tiling?: Tiling): Promise<LatentView> {
    return await this.#autoencoders.view(autoencoder, taesd, tiling);
  }

  async #openFiles(model: BaseModel): Promise<OpenFiles> {
    const key = `${model.id}@${model.hash}`;
    const known = this.#bases.get(key);
    if (known !== undefined) return known;
    // What the library decided, and shows, is what is drawn with.
    const checkpoint = await openDecidedBase(model);
    const networks = baseNetworks(this.#pool, key, checkpoint, noDeltas, this.#branches);
    const { textEncoders } = checkpoint;
    const tokenizers = await Promise.all(textEncoders.map(async (part) => await this.#tokenizerOf(part)));
    const publishedFor = checkpoint.unet.config.added === null ? 'sd15' : 'sdxl';
    const schedule = noiseScheduleFrom(checkpoint.schedulerConfig, publishedFor);
    const encoders = this.#encodersOf({ key, checkpoint, tokenizers });
    const files = { key, checkpoint, tokenizers, open: { key, networks, branches: [], encoders, schedule } };
    this.#bases.set(key, files);
    return files;
  }

  /** In the order of their contexts, with what adapters change of each. Of several, the second reads a prompt of its own where there is one. */
  #encodersOf(
    { key, checkpoint, tokenizers }: Omit<OpenFiles, 'open'>,
    changesOf: (part: TextEncoderPart) => NetworkDeltas = () => noDeltas,
  ): readonly PromptEncoder[] {
    return checkpoint.textEncoders.map((part, index) => {
      const changes = changesOf(part);
      const acting = changes.branches.map(({ branch, scale }) => [branch.key, scale]);
      const changed = changes.deltas.length > 0 ? [key, changes.deltas] : [key, 'beside', acting];
      const own = changes.deltas.length + acting.length === 0 ? key : JSON.stringify(changed);
      const network = textNetwork(this.#pool, key, part, changes, this.#branches);
      const reads = part.name === 'text_encoder' ? 'prompt' : 'prompt_2';
      return textEncoder(`${own}/${part.name}`, network, tokenizers[index] as Tokenizer, reads);
    });
  }

  #pictures(key: string): PictureNetworks | undefined {
    return this.#bases.get(key)?.open.networks ?? this.#variants.get(key);
  }

  #keep(variant: string, networks: PictureNetworks): PictureNetworks {
    this.#variants.set(variant, networks);
    return networks;
  }

  /** What controls of a drawing with that base model are given to; the base is as its files have it, without the adapters of a request. */
  steeringOn(base: BaseModel, tiling?: Tiling): SteeringSource {
    return this.#steering.on(base, tiling);
  }

  async #tokenizerOf({ tokenizer: { folder, padToken } }: TextEncoderPart): Promise<Tokenizer> {
    return await loadTokenizer(folder ?? this.#tokenizerFolder, padToken === undefined ? {} : { padToken });
  }

  base(key: string): PictureNetworks {
    return opened(this.#pictures(key), key);
  }

  control(key: string): ControlNetworks {
    return this.#steering.control(key);
  }
}
