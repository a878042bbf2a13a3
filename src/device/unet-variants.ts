import {
  type BranchSet,
  type BranchShape,
  branchShapes,
  type DeepCut,
  networks,
  type NetworkPart,
  type Tiling,
  type UNetConfig,
  type UNetOptions,
} from '../graph/compiler/index.ts';
import type { RowBranch } from '../pipeline/networks/networks.ts';
import type { SessionPool } from '../runtime/index.ts';
import type { Branches } from './branches.ts';
import { type MergedDelta, tiled } from './network-variant.ts';
import { sessionKey } from './run-network.ts';

/** One of the UNets of a base model, which differ in what they take beside the sample. */
export interface UNetVariant {
  readonly session: string;
  readonly features: boolean;
  /** Layers that have branches. */
  readonly branches: BranchSet | undefined;
  /** How many image prompts may act on a row. */
  readonly imagePrompts: number;
  /** Where it is cut, and which part of it this is; absent of all of it. */
  readonly deepCache: DeepCut | undefined;
}

/** What all UNets of one model have in common: adapters that are merged into them, axes along which they wrap, and how many tokens they merge. */
export interface SharedStructure {
  readonly deltas: readonly MergedDelta[];
  readonly tiling: Tiling | undefined;
  readonly tokenMerging: number | undefined;
}

/** Free slots beyond those that are needed with which a network that is loaded still does. */
const mostFreeSlots = 3;

/** The UNets of the base model of a key, with the same adapters merged into all. */
export class UNetVariants {
  readonly #pool: SessionPool;
  readonly #network: string;
  readonly #shared: SharedStructure;
  readonly #branches: Branches;
  readonly #shapes = new Map<string, ReadonlyMap<string, BranchShape>>();
  readonly #inputs = new Map<string, ReadonlySet<string>>();
  /** Where whole UNets were cut so far. */
  readonly #depths = new Set<number>();

  constructor(pool: SessionPool, key: string, shared: SharedStructure, branches: Branches) {
    this.#pool = pool;
    this.#network = `${key}/unet`;
    this.#shared = shared;
    this.#branches = branches;
  }

  /**
   * The one for features of T2I-Adapters or none, such LoRAs, and so many image prompts: that which takes least, or, where it is not loaded, one
   * that is, or is being loaded, and takes more, since features, branches and pictures of 0 change nothing, nor does what is given out. What has no LoRA never runs one with branches.
   */
  choose(features: boolean, loras: readonly RowBranch[], imagePrompts = 0, cut?: DeepCut): UNetVariant {
    if (cut?.part === 'whole') this.#depths.add(cut.depth);
    const cuts = cut === undefined ? [undefined, ...[...this.#depths].map(wholeAt)] : [cut];
    const sets = loras.length === 0 ? [undefined] : this.#branches.setsFor(loras);
    const slots = Array.from({ length: mostFreeSlots + 1 }, (_, free) => imagePrompts + free);
    const able = sets.flatMap((set) =>
      slots.flatMap((count) =>
        (features ? [true] : [false, true]).flatMap((one) => cuts.map((at) => this.#variant(one, set, count, at))),
      ),
    );
    return (
      able.find(({ session }) => this.#pool.isLoaded(session)) ??
      able.find(({ session }) => this.#pool.isComing(session)) ??
      (able[0] as UNetVariant)
    );
  }

  /** The branches beside the layers of a set; `unet` is the base model's. */
  shapes(
    unet: NetworkPart<UNetConfig>,
    set: BranchSet,
    deepCache: DeepCut | undefined,
  ): ReadonlyMap<string, BranchShape> {
    const key = deepCache?.part === 'shallow' ? `${set}/${deepCache.depth}` : set;
    const shapes = this.#shapes.get(key) ?? branchShapes(networks.unet(unet, { branches: set, deepCache }));
    this.#shapes.set(key, shapes);
    return shapes;
  }

  /** What a UNet takes; `unet` is the base model's. */
  inputs(unet: NetworkPart<UNetConfig>, options: UNetOptions): ReadonlySet<string> {
    const key = JSON.stringify(options);
    const inputs = this.#inputs.get(key) ?? new Set(networks.unet(unet, options).inputs.map(({ name }) => name));
    this.#inputs.set(key, inputs);
    return inputs;
  }

  #variant(
    features: boolean,
    branches: BranchSet | undefined,
    imagePrompts: number,
    deepCache: DeepCut | undefined,
  ): UNetVariant {
    const { deltas, tiling, tokenMerging } = this.#shared;
    const structure = {
      ...(features ? { features } : {}),
      ...(branches === undefined ? {} : { branches }),
      ...(imagePrompts === 0 ? {} : { imagePrompts }),
      ...tiled(tiling),
      ...(tokenMerging === undefined ? {} : { tokenMerging }),
      ...(deepCache === undefined ? {} : { deepCache }),
    };
    const session = sessionKey(this.#network, { deltas, structure });
    return { session, features, branches, imagePrompts, deepCache };
  }
}

function wholeAt(depth: number): DeepCut {
  return { depth, part: 'whole' };
}
