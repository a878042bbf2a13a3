import { conditionOf } from '../conditions/registry.ts';
import type { AdapterModel } from '../generation/models/adapter.ts';
import type { BaseModel } from '../generation/models/base.ts';
import type { ControlNetModel } from '../generation/models/controlnet.ts';
import type { Tiling } from '../graph/compiler/index.ts';
import type {
  AdapterNetworks,
  ControlNetworks,
  OpenControlNet,
  SteeringSource,
} from '../pipeline/networks/networks.ts';
import type { SessionPool } from '../runtime/index.ts';
import {
  type BaseCheckpoint,
  openControlNetCheckpoint,
  openControlNetOnBase,
  openT2iAdapterCheckpoint,
  type WholeControlNet,
} from '../weights/checkpoint.ts';
import { requireCompleteControlNet } from '../weights/complete.ts';
import { ImagePrompts } from './image-prompts.ts';
import { adapterNetworks, controlNetworks } from './pooled-networks.ts';

/** The networks of what steers: ControlNets, adapters and image prompts, each opened once for what it stands on. */
export class SteeringNetworks {
  readonly #pool: SessionPool;
  readonly #checkpointOf: (base: BaseModel) => Promise<BaseCheckpoint>;
  readonly #controlNets = new Map<string, OpenControlNet>();
  readonly #adapters = new Map<string, AdapterNetworks>();
  readonly #imagePrompts: ImagePrompts;

  /** `checkpointOf` opens the files of a base model, whose weights some ControlNets change. */
  constructor(pool: SessionPool, checkpointOf: (base: BaseModel) => Promise<BaseCheckpoint>) {
    this.#pool = pool;
    this.#checkpointOf = checkpointOf;
    this.#imagePrompts = new ImagePrompts(pool);
  }

  /** For a drawing with that base model, which is as its files have it, without the adapters of a request. */
  on(base: BaseModel, tiling?: Tiling): SteeringSource {
    return {
      openAdapter: async (model) => await this.#openAdapter(model, tiling),
      openImagePrompt: async (model, encoder) => await this.#imagePrompts.open(model, encoder),
      openControlNet: async (model, type) => await this.#openControlNet(model, type, base, tiling),
    };
  }

  async #openControlNet(
    model: ControlNetModel,
    type: string,
    base: BaseModel,
    tiling: Tiling | undefined,
  ): Promise<OpenControlNet> {
    const pooled = isPooled(model, type);
    const unionType = model.unionTypes === null ? null : (conditionOf(type).unionType ?? null);
    const own = `${model.id}@${model.hash}${pooled ? '/pooled' : ''}`;
    const files = model.changes === null ? own : JSON.stringify([own, base.id, base.hash]);
    const key = tiling === undefined ? files : JSON.stringify([files, tiling]);
    const known = this.#controlNets.get(key);
    if (known !== undefined) return { ...known, unionType };
    const checkpoint = await this.#controlNetOf(model, base, pooled);
    const open = { key, networks: controlNetworks(this.#pool, files, checkpoint, tiling), unionType };
    this.#controlNets.set(key, open);
    return open;
  }

  /** Of one that changes the weights of a base model, those of this one are changed. */
  async #controlNetOf(model: ControlNetModel, base: BaseModel, pooled: boolean): Promise<WholeControlNet> {
    const changes = model.changes === null ? null : await openControlNetOnBase(model.path);
    if (changes === null) {
      return await openControlNetCheckpoint(model.path, pooled ? { global_pool_conditions: true } : {});
    }
    const checkpoint = await this.#checkpointOf(base);
    const controlnet = changes.on(checkpoint, base.id);
    requireCompleteControlNet({ controlnet }, model.id);
    return { controlnet: { ...controlnet, config: { ...controlnet.config, globalPoolConditions: pooled } } };
  }

  async #openAdapter(model: AdapterModel, tiling: Tiling | undefined): Promise<AdapterNetworks> {
    const files = `${model.id}@${model.hash}`;
    const key = tiling === undefined ? files : `${files}/${tiling}`;
    const known = this.#adapters.get(key);
    if (known !== undefined) return known;
    const networks = adapterNetworks(this.#pool, files, await openT2iAdapterCheckpoint(model.path), tiling);
    this.#adapters.set(key, networks);
    return networks;
  }

  control(key: string): ControlNetworks {
    return opened(this.#controlNets.get(key), key).networks;
  }
}

/**
 * Whether a ControlNet averages its residuals over the picture. A config says so (global_pool_conditions); of a single file only
 * what it is for can tell, or, where nobody has said it, what it is used for.
 */
function isPooled({ layout, type }: ControlNetModel, usedFor: string): boolean {
  return layout === 'single-file' && conditionOf(type ?? usedFor).pooled === true;
}

/** What was opened under that key: to ask for anything else is a fault of ours. */
export function opened<Open>(open: Open | undefined, key: string): Open {
  if (open === undefined) throw new RangeError(`Model ${key} was not opened before it was asked for`);
  return open;
}
