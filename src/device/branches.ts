import { type BranchSet, branchSets, type BranchShape } from '../graph/compiler/index.ts';
import type { RowBranch } from '../pipeline/networks/networks.ts';
import type { Feeds, SessionPool } from '../runtime/index.ts';
import { LeastRecent } from '../runtime/least-recent.ts';
import type { LayerFactors } from '../weights/lora/low-rank-factors.ts';
import { branchFeeds, joinAdapters, type JoinedAdapters } from './branch-feeds.ts';

/** A LoRA that runs beside the layers of one network of a base model instead of being merged into them. */
export interface LoraBranch {
  /** Names base model, network and LoRA. */
  readonly key: string;
  /** The largest rank that it has in any layer. */
  readonly rank: number;
  /** The smallest set that has all layers that it changes. */
  readonly set: BranchSet;
  /** Memory that its factors take. */
  readonly bytes: number;
  /** Throws `model_invalid` where its file is not the one any more that was opened. */
  readonly read: () => Promise<LayerFactors>;
}

/** Far more than are drawn with at once. */
const mostKnown = 1000;

/** The factors of LoRAs under the memory budget of the networks: each file is read once and stays until others need its memory. */
export class Branches {
  readonly #pool: SessionPool;
  readonly #known = new LeastRecent<LoraBranch>(mostKnown);
  /** The key of those that were joined last. */
  #joined: string | null = null;

  constructor(pool: SessionPool) {
    this.#pool = pool;
  }

  /** Makes a LoRA known; what a row says of it. */
  open(branch: LoraBranch, scale: number): RowBranch {
    const { key, rank } = branch;
    this.#known.set(key, branch);
    return { lora: key, scale, rank };
  }

  /** The sets of layers that hold all that such LoRAs change, the smallest first. */
  setsFor(branches: readonly RowBranch[]): readonly BranchSet[] {
    const wanted = branches.map(({ lora }) => branchSets.indexOf(this.#branch(lora).set));
    return branchSets.slice(Math.max(...wanted));
  }

  /** What branches of these shapes are fed with, for rows of which each has LoRAs of its own. */
  async feeds(shapes: ReadonlyMap<string, BranchShape>, rows: readonly (readonly RowBranch[])[]): Promise<Feeds> {
    // Sums come out a little different in another order: the same LoRAs are joined in the same one, whoever names them.
    const keys = [...new Set(rows.flat().map(({ lora }) => lora))].toSorted();
    const scales = rows.map((own) => keys.map((key) => own.find(({ lora }) => lora === key)?.scale ?? 0));
    return branchFeeds(shapes, await this.#joinedOf(keys.map((key) => this.#branch(key))), scales);
  }

  #branch(key: string): LoraBranch {
    const branch = this.#known.get(key);
    if (branch === undefined) throw new RangeError(`LoRA ${key} was not opened before it was asked for`);
    return branch;
  }

  /** Of several a copy is kept, of the last ones alone: other rows seldom bring the same LoRAs together again. */
  async #joinedOf(branches: readonly LoraBranch[]): Promise<JoinedAdapters> {
    const [only] = branches;
    if (only !== undefined && branches.length === 1) return joinAdapters([await this.#factors(only)]);
    const key = JSON.stringify(branches.map((branch) => branch.key));
    if (this.#joined !== null && this.#joined !== key) await this.#pool.forget(this.#joined);
    this.#joined = key;
    const bytes = branches.reduce((sum, branch) => sum + branch.bytes, 0);
    const each: LayerFactors[] = [];
    if (!this.#pool.isLoaded(key)) for (const branch of branches) each.push(await this.#factors(branch));
    return await this.#pool.keep(key, 'LoRAs of a batch', bytes, async () => await Promise.resolve(joinAdapters(each)));
  }

  async #factors({ key, bytes, read }: LoraBranch): Promise<LayerFactors> {
    return await this.#pool.keep(`${key}/factors`, 'LoRA', bytes, read);
  }
}
