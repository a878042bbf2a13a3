import type { Tensor } from '../../numeric/tensor.ts';
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
}

/** What came of a batched evaluation. */
export interface Evaluated {
  /** The network's prediction (epsilon or v), [rows, C, h, w]. */
  readonly prediction: Tensor;
  /** What of its steering each row keeps for the next ones. */
  readonly kept: readonly (readonly KeptResiduals[])[];
}

/** What the denoise loop asks of networks: whole evaluations, however they are computed. */
export interface EvaluationNetworks {
  /** Estimate of the memory that one row works in, in bytes, for latents of height x width cells. */
  rowBytes(base: string, height: number, width: number): number;
  /** The memory that the residuals of a row take where they are kept, in bytes. */
  residualBytes(base: string, height: number, width: number): number;
  /** Milliseconds that loading takes before such an evaluation can begin; 0 where all is loaded, or never was. */
  reloadMs(base: string, controlNets: Iterable<string>, branches: readonly RowBranch[], beside: TakenBeside): number;
  evaluate(evaluation: BatchedEvaluation): Promise<Evaluated>;
}

/** Networks of which each runs by itself: first those that act on the denoiser, then the denoiser with what they gave. */
export function splitNetworks(networks: NetworkSource): EvaluationNetworks {
  return {
    rowBytes: (base, height, width) => networks.base(base).rowBytes(height, width),
    residualBytes: (base, height, width) => networks.base(base).residualBytes(height, width),
    reloadMs(base, controlNets, branches, beside) {
      let ms = networks.base(base).reloadMs(branches, beside);
      for (const network of controlNets) ms += networks.control(network).reloadMs();
      return ms;
    },
    async evaluate({ base, input, steering, branches }) {
      const denoiser = networks.base(base);
      const { kept, ...given } = await steer(steering, input, denoiser, networks);
      return { prediction: await denoiser.denoise(input, given, branches), kept };
    },
  };
}
