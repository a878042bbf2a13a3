import { row, stack, type Tensor } from '../../numeric/tensor.ts';
import type { RowDepth } from '../networks/deep-cache.ts';
import type { DenoiserInput, NetworkSource, RowBranch, TakenBeside } from '../networks/networks.ts';
import { steer } from './kinds.ts';
import type { KeptResiduals, RowSteering } from './kept-residuals.ts';

/** One evaluation of a denoiser over a batch, with all that acts on its rows. */
export interface BatchedEvaluation {
  /** Key of the base model's networks. */
  readonly base: string;
  readonly input: DenoiserInput;
  /** steering[r] acts on row r of `input`. */
  readonly steering: readonly RowSteering[];
  /** branches[r] act on row r. */
  readonly branches: readonly (readonly RowBranch[])[];
  /** What is done with what lies deep, of each row (see canShareDepth); absent where nothing is. */
  readonly depths?: readonly (RowDepth | null)[];
}

/** What came of a batched evaluation. */
export interface Evaluated {
  /** The network's prediction (epsilon or v), [rows, C, h, w]. */
  readonly prediction: Tensor;
  /** What of its steering each row keeps for the next ones. */
  readonly kept: readonly (readonly KeptResiduals[])[];
  /** What lies deep, of each row that keeps it, [1, C, h, w]. */
  readonly deep: readonly (Tensor | null)[];
}

/** What the denoise loop asks of networks: whole evaluations, however they are computed. */
export interface EvaluationNetworks {
  /** Estimate of the memory that one row works in, in bytes, for latents of height x width cells. */
  rowBytes(base: string, height: number, width: number): number;
  /** The memory that the residuals of a row take where they are kept, in bytes. */
  residualBytes(base: string, height: number, width: number): number;
  /** The memory that what is deeper than a cut takes of one row where it is kept, in bytes. */
  deepBytes(base: string, depth: number, height: number, width: number): number;
  /** Milliseconds that loading takes before such an evaluation can begin; 0 where all is loaded, or never was. */
  reloadMs(base: string, controlNets: Iterable<string>, branches: readonly RowBranch[], beside: TakenBeside): number;
  evaluate(evaluation: BatchedEvaluation): Promise<Evaluated>;
}

/** Networks of which each runs by itself: first those that act on the denoiser, then the denoiser with what they gave. */
export function splitNetworks(networks: NetworkSource): EvaluationNetworks {
  return {
    rowBytes: (base, height, width) => networks.base(base).rowBytes(height, width),
    residualBytes: (base, height, width) => networks.base(base).residualBytes(height, width),
    deepBytes: (base, depth, height, width) => networks.base(base).deepBytes(depth, height, width),
    reloadMs(base, controlNets, branches, beside) {
      let ms = networks.base(base).reloadMs(branches, beside);
      for (const network of controlNets) ms += networks.control(network).reloadMs();
      return ms;
    },
    async evaluate({ base, input, steering, branches, depths = [] }) {
      const denoiser = networks.base(base);
      const { kept, ...given } = await steer(steering, input, denoiser, networks);
      const cut = depths.find((one) => one !== null);
      if (cut === undefined || cut === null) {
        return { prediction: await denoiser.denoise(input, given, branches), kept, deep: [] };
      }
      const { prediction, deep } = await denoiser.denoiseCut(input, given, branches, {
        depth: cut.depth,
        deep: joined(depths.flatMap((one) => one?.deep ?? [])),
      });
      return { prediction, kept, deep: depths.map((one, index) => keptOf(one, deep, index)) };
    },
  };
}

/** Rows [1, C, h, w] as one; null where there is none. */
function joined(rows: readonly Tensor[]): Tensor | null {
  const [first] = rows;
  if (first === undefined) return null;
  return stack(
    rows.map(({ data }) => data),
    first.dims.slice(1),
  );
}

/** What a row keeps: what it was given again, or its own numbers of what was worked out, so that nothing else of a batch is kept with them. */
function keptOf(one: RowDepth | null, deep: Tensor, index: number): Tensor | null {
  if (one === null) return null;
  return one.deep ?? { dims: [1, ...deep.dims.slice(1)], data: row(deep, index).slice() };
}
