import { evaluateTogether } from './evaluation.ts';
import { networksOf, takenBeside } from './controls/kinds.ts';
import { imageBytesOf } from './controls/image-tokens.ts';
import { mostSums, type RowSteering, sumsKept } from './controls/kept-residuals.ts';
import type { RowControl } from './controls/sample-control.ts';
import type { EvaluationNetworks } from './controls/split-networks.ts';
import type { Pass } from './pass.ts';
import type { TakenBeside } from './networks/networks.ts';
import { batchKey, depthOn, isFinished, rowsOf, type Sample, steeringOn } from './sample.ts';

/** What one tick did. `stepped` are the samples that moved; those of them that are finished have left the loop. */
export interface Tick {
  readonly stepped: readonly Sample[];
  readonly rows: number;
  /** When it ended, and those that go on began to wait again, in milliseconds of the loop's clock. */
  readonly at: number;
}

/** A step that failed: the samples that took part have left the loop, all others go on. */
export class StepError extends Error {
  readonly samples: readonly Sample[];

  constructor(samples: readonly Sample[], cause: unknown) {
    super('A batched step failed', { cause });
    this.name = 'StepError';
    this.samples = samples;
  }
}

/** How large a batched step may be. */
export interface BatchLimits {
  readonly maxRows: number;
  /** Bytes that the rows of a step may work in together. */
  readonly workingMemory: number;
}

/** Samples that can take their next evaluation together. */
export interface Group {
  readonly samples: readonly Sample[];
  /** When the first of them began to wait, in milliseconds of the loop's clock. */
  readonly since: number;
  /** Whether it is its turn; false where it had better wait for its networks. */
  readonly ready: boolean;
}

/**
 * Samples whose networks had to make room for others wait for this many times as long as loading them again takes, for each
 * base that waits to be loaded, unless nothing else is to be done: of bases that do not fit into memory together each then
 * draws for a while, and about a fifth of the time goes into loading, however many there are.
 */
const quantum = 5;

/**
 * The share of the memory of steps that may be taken by what controls and the depths of denoisers gave and give again at later steps. Samples that would keep more wait until
 * others are through, and so do those behind them that would begin to keep something: else small ones would leave no room for a large one.
 */
const keptShare = 0.5;

/** The rows of a sample that is guided stay together, whatever the limits say; a sample of more goes through the networks in several runs. */
const rowsOfGuidance = 2;

interface Waiting {
  readonly sample: Sample;
  readonly since: number;
}

/**
 * Step-level continuous batching: owns a set of samples and takes, in every tick, those one evaluation further that fit
 * together and into the limits. Samples join and leave between ticks. The group that has waited longest goes first, and
 * within it the samples that have, so that no request waits for another to end. A tick may begin while others wait for their networks.
 */
export class DenoiseLoop {
  readonly #networks: EvaluationNetworks;
  readonly #limits: BatchLimits;
  readonly #now: () => number;
  /** In the order in which they began to wait, longest ago first. */
  #waiting: readonly Waiting[] = [];
  /** Samples of the ticks that are under way: of several all but one wait for their networks. */
  readonly #stepping = new Set<Sample>();

  /** `now` gives milliseconds of a clock that never goes back. */
  constructor(networks: EvaluationNetworks, limits: BatchLimits, now: () => number = () => performance.now()) {
    this.#networks = networks;
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#waiting.length;
  }

  join(samples: readonly Sample[]): void {
    const since = this.#now();
    this.#waiting = [...this.#waiting, ...samples.map((sample) => ({ sample, since }))];
  }

  leave(samples: Iterable<Sample>): void {
    const leaving = new Set(samples);
    this.#waiting = this.#waiting.filter(({ sample }) => !leaving.has(sample));
    for (const sample of leaving) this.#stepping.delete(sample);
  }

  /** Whose turn it is; null where there is no sample. */
  next(): Group | null {
    const now = this.#now();
    const turns = quantum * Math.max(1, this.#basesToLoad());
    const isReady = ({ sample, since }: Waiting): boolean =>
      now - since >= turns * this.#reloadMs(sample, controlNetsOf(sample));
    const able = this.#able();
    const firstReady = able.find(isReady);
    const first = firstReady ?? able[0];
    if (first === undefined) return null;
    const key = batchKey(first.sample);
    // A network with branches does for rows without LoRAs too.
    const loading = new Set([first.sample.pass.base, ...allNetworksOf(first.sample)]);
    const candidates = able.filter(
      (one) =>
        batchKey(one.sample) === key && (isReady(one) || allNetworksOf(one.sample).every((name) => loading.has(name))),
    );
    return {
      samples: this.#withinLimits(candidates.map(({ sample }) => sample)),
      since: first.since,
      ready: firstReady !== undefined,
    };
  }

  /** One batched evaluation of the group whose turn it is. Throws StepError where a network failed. */
  async tick(): Promise<Tick> {
    const group = this.#take(this.next()?.samples ?? []);
    const samples = group.map(({ sample }) => sample);
    try {
      return await this.#step(samples);
    } catch (error) {
      const [first, ...others] = group;
      if (first === undefined || others.length === 0) throw this.#failed(samples, error);
      // Its first sample alone, so that one sample's failure, or too large a batch, ends no other.
      this.#waiting = [...others.filter(({ sample }) => this.#stepping.delete(sample)), ...this.#waiting];
      return await this.#step([first.sample]).catch((cause: unknown) => {
        throw this.#failed([first.sample], cause);
      });
    }
  }

  #failed(samples: readonly Sample[], cause: unknown): StepError {
    for (const sample of samples) this.#stepping.delete(sample);
    return new StepError(samples, cause);
  }

  /** Those that have not left meanwhile go back to wait. */
  async #step(samples: readonly Sample[]): Promise<Tick> {
    const rows = countRows(samples);
    await evaluateTogether(samples, this.#networks, Math.max(rowsOfGuidance, this.#maxRows(samples)));
    const at = this.#now();
    const waiting = samples.filter((sample) => this.#stepping.has(sample) && !isFinished(sample));
    this.#waiting = [...this.#waiting, ...waiting.map((sample) => ({ sample, since: at }))];
    for (const sample of samples) this.#stepping.delete(sample);
    return { stepped: samples, rows, at };
  }

  /** Those that there is room for, in their order. */
  #able(): readonly Waiting[] {
    let isRoom = true;
    return this.#waiting.filter(({ sample }) => {
      if (!this.#beginsToKeep(sample)) return true;
      isRoom &&= this.#isRoomFor(sample);
      return isRoom;
    });
  }

  /** How many bases of waiting samples had to make room for others. */
  #basesToLoad(): number {
    const distinct = new Map(this.#waiting.map(({ sample }) => [variantOf(sample), sample]));
    const toLoad = [...distinct.values()].filter((sample) => this.#reloadMs(sample) > 0);
    return new Set(toLoad.map(({ pass }) => denoiserOf(pass))).size;
  }

  /** Milliseconds that loading takes before a sample's next evaluation, with these ControlNets. */
  #reloadMs(sample: Sample, controlNets: Iterable<string> = []): number {
    const { base, branches } = sample.pass;
    return this.#networks.reloadMs(base, controlNets, branches, takenBy(sample));
  }

  #take(samples: readonly Sample[]): readonly Waiting[] {
    const stepping = new Set(samples);
    const taken = this.#waiting.filter(({ sample }) => stepping.has(sample));
    this.#waiting = this.#waiting.filter(({ sample }) => !stepping.has(sample));
    for (const sample of stepping) this.#stepping.add(sample);
    return taken;
  }

  /** As many of them as one step may have. One sample always goes, however large it is. */
  #withinLimits(samples: readonly Sample[]): readonly Sample[] {
    const group: Sample[] = [];
    let rows = 0;
    let isRoom = true;
    for (const sample of samples) {
      if (group.length > 0 && this.#beginsToKeep(sample)) {
        isRoom &&= this.#isRoomFor(sample, group);
        if (!isRoom) continue;
      }
      if (group.length > 0 && rows + rowsOf(sample).length > this.#maxRows([...group, sample])) break;
      rows += rowsOf(sample).length;
      group.push(sample);
    }
    return group;
  }

  /** Rows of such samples that may go through a network at once. */
  #maxRows(samples: readonly Sample[]): number {
    const [first] = samples;
    if (first === undefined) return 0;
    const [, height, width] = first.pass.shape;
    const imageBytes = Math.max(...samples.flatMap((sample) => controlsOf(sample).map(imageBytesOf)));
    const rowBytes = this.#networks.rowBytes(first.pass.base, height, width) + imageBytes;
    return Math.min(
      this.#limits.maxRows,
      Math.floor((this.#limits.workingMemory - this.#bytesKept(samples)) / rowBytes),
    );
  }

  /** Whether a sample that keeps nothing does so after its next evaluation. What keeps something already goes on. */
  #beginsToKeep(sample: Sample): boolean {
    if (sample.kept !== null) return false;
    return sample.pass.deepCache !== undefined || steeringOf(sample).some((one) => sumsKept(one) > 0);
  }

  /** Whether there is room for what a sample begins to keep, beside a group that goes with it. One always goes. */
  #isRoomFor(sample: Sample, group: readonly Sample[] = []): boolean {
    return (
      this.#bytesKept(group) === 0 || this.#bytesKept([...group, sample]) <= keptShare * this.#limits.workingMemory
    );
  }

  /** The memory of what is kept of all samples once these have taken their next evaluation: of each the most that it comes to in its pass. */
  #bytesKept(stepping: readonly Sample[]): number {
    const moving = new Set(stepping);
    const all = [...this.#waiting.map(({ sample }) => sample), ...this.#stepping];
    const others = all.filter((sample) => !moving.has(sample));
    const keeping = [
      ...others.filter(({ kept }) => kept !== null),
      ...stepping.filter((sample) => sample.kept !== null || this.#beginsToKeep(sample)),
    ];
    return keeping.reduce((sum, sample) => sum + this.#mostBytesOf(sample), 0);
  }

  /** The most that is kept of a sample at a time. */
  #mostBytesOf({ pass }: Sample): number {
    const [, height, width] = pass.shape;
    const sums = pass.rows.reduce((sum, { controls }) => sum + mostSums(controls), 0);
    const { base, deepCache, rows } = pass;
    const deep = deepCache === undefined ? 0 : this.#networks.deepBytes(base, deepCache.depth, height, width);
    return sums * this.#networks.residualBytes(base, height, width) + rows.length * deep;
  }
}

/** Names of the networks that a sample's next evaluation runs. */
function allNetworksOf(sample: Sample): readonly string[] {
  return [cutDenoiserOf(sample), ...controlNetsOf(sample)];
}

/** A base model with branches is another network than that without, though samples of both may share it. */
function denoiserOf({ base, branches }: Pass): string {
  return branches.length === 0 ? base : `${base} with branches`;
}

/** What gives out what lies deep, or takes it, is another network again. */
function cutDenoiserOf(sample: Sample): string {
  const { cut } = takenBy(sample);
  const denoiser = denoiserOf(sample.pass);
  return cut === undefined ? denoiser : `${denoiser} cut at ${cut.depth}${cut.isGiven ? ', shallow' : ''}`;
}

/** Of samples that need one network it is the same. */
function variantOf(sample: Sample): string {
  const { features, imagePrompts } = takenBy(sample);
  return [cutDenoiserOf(sample), features, imagePrompts].join('/');
}

/** What a sample's next evaluation takes beside the latents and its prompt. */
function takenBy(sample: Sample): TakenBeside {
  const [depth] = rowsOf(sample).flatMap((row) => depthOn(row, sample) ?? []);
  const cut = depth === undefined ? undefined : { depth: depth.depth, isGiven: depth.deep !== null };
  return { ...takenBeside(controlsOf(sample)), cut };
}

function controlNetsOf(sample: Sample): ReadonlySet<string> {
  return new Set(controlsOf(sample).flatMap((acting) => acting.flatMap(({ control }) => networksOf(control))));
}

/** The controls that are worked out on each of the rows of a sample's next evaluation. */
function controlsOf(sample: Sample): readonly (readonly RowControl[])[] {
  return steeringOf(sample).map(({ controls }) => controls);
}

/** What acts on each of these rows. */
function steeringOf(sample: Sample): readonly RowSteering[] {
  return rowsOf(sample).map((row) => steeringOn(row, sample));
}

function countRows(samples: readonly Sample[]): number {
  return samples.reduce((rows, sample) => rows + rowsOf(sample).length, 0);
}
