import { type BranchShape, branchInputs } from '../graph/compiler/index.ts';
import { elementCount, type Tensor } from '../numeric/tensor.ts';
import type { Feeds } from '../runtime/index.ts';
import type { LayerFactors, LowRankFactors } from '../weights/lora/low-rank-factors.ts';

/** Factors of several adapters for one layer, joined along their rank. */
interface JoinedFactors extends LowRankFactors {
  /** The rank that each adapter has in it, in their order; 0 where it leaves the layer as it is. */
  readonly ranks: readonly number[];
}

/** By layer; a layer that no adapter changes is left out. */
export type JoinedAdapters = ReadonlyMap<string, JoinedFactors>;

/** Nothing is copied for one adapter alone. */
export function joinAdapters(adapters: readonly LayerFactors[]): JoinedAdapters {
  const layers = new Set(adapters.flatMap((factors) => [...factors.keys()]));
  return new Map([...layers].map((layer) => [layer, joined(adapters.map((factors) => factors.get(layer)))]));
}

function joined(each: readonly (LowRankFactors | undefined)[]): JoinedFactors {
  const ranks = each.map((factors) => factors?.rank ?? 0);
  const acting = each.filter((factors) => factors !== undefined);
  const [only] = acting;
  if (only !== undefined && acting.length === 1) return { ...only, ranks };
  const rank = ranks.reduce((sum, one) => sum + one, 0);
  return { rank, ranks, down: oneAfterAnother(acting, 'down'), up: oneAfterAnother(acting, 'up') };
}

function oneAfterAnother(each: readonly LowRankFactors[], which: 'down' | 'up'): Float32Array {
  const all = new Float32Array(each.reduce((sum, factors) => sum + factors[which].length, 0));
  let at = 0;
  for (const factors of each) {
    all.set(factors[which], at);
    at += factors[which].length;
  }
  return all;
}

/**
 * What the branches of a network are fed with. scales[row][i] is how strongly adapter i of `adapters` acts on that row, 0 where it does
 * not. A branch whose layer no adapter changes is fed with zeros of rank 1.
 */
export function branchFeeds(
  shapes: ReadonlyMap<string, BranchShape>,
  adapters: JoinedAdapters,
  scales: readonly (readonly number[])[],
): Feeds {
  const feeds: Record<string, Tensor> = {};
  const scaleOf = new Map<string, Tensor>();
  for (const [layer, { down, outputs }] of shapes) {
    const factors = adapters.get(layer) ?? noFactors(down, outputs);
    const key = factors.ranks.join();
    const scale = scaleOf.get(key) ?? rowScales(scales, factors);
    scaleOf.set(key, scale);
    feeds[`${layer}${branchInputs.down}`] = { dims: [factors.rank, ...down], data: factors.down };
    feeds[`${layer}${branchInputs.up}`] = { dims: [factors.rank, outputs], data: factors.up };
    feeds[`${layer}${branchInputs.scale}`] = scale;
  }
  return feeds;
}

/** The scale of each row on each rank. */
function rowScales(scales: readonly (readonly number[])[], { rank, ranks }: JoinedFactors): Tensor {
  const data = new Float32Array(scales.length * rank);
  for (const [row, own] of scales.entries()) {
    let at = row * rank;
    for (const [index, count] of ranks.entries()) {
      data.fill(own[index] ?? 0, at, at + count);
      at += count;
    }
  }
  return { dims: [scales.length, rank], data };
}

/** By the number of values: all are zeros. */
const zeros = new Map<number, Float32Array>();

function noFactors(down: readonly number[], outputs: number): JoinedFactors {
  return { rank: 1, ranks: [], down: zerosOf(elementCount(down)), up: zerosOf(outputs) };
}

function zerosOf(count: number): Float32Array {
  const known = zeros.get(count) ?? new Float32Array(count);
  zeros.set(count, known);
  return known;
}
