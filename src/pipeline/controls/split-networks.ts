import type { Tensor } from '../../numeric/tensor.ts';
import type { DenoiserInput, NetworkSource, RowBranch, TakenBeside } from '../networks/networks.ts';
import { steer } from './kinds.ts';
import type { RowControl } from './sample-control.ts';

/** One evaluation of a denoiser over a batch, with all that acts on its rows. */
export interface BatchedEvaluation {
  /** Key of the base model's networks. */
  readonly base: string;
  readonly input: DenoiserInput;
  /** controls[r] are those that act on row r of `input`. */
  readonly controls: readonly (readonly RowControl[])[];
  /** branches[r] act on row r. */
  readonly branches: readonly (readonly RowBranch[])[];
}

/** What the denoise loop asks of networks: whole evaluations, however they are computed. */
export interface EvaluationNetworks {
  /** Estimate of the memory that one row works in, in bytes, for latents of height x width cells. */
  rowBytes(base: string, height: number, width: number): number;
  /** Milliseconds that loading takes before such an evaluation can begin; 0 where all is loaded, or never was. */
  reloadMs(base: string, controlNets: Iterable<string>, branches: readonly RowBranch[], beside: TakenBeside): number;
  /** The network's prediction (epsilon or v), [rows, C, h, w]. */
  evaluate(evaluation: BatchedEvaluation): Promise<Tensor>;
}

/** Networks of which each runs by itself: first those that act on the denoiser, then the denoiser with what they gave. */
export function splitNetworks(networks: NetworkSource): EvaluationNetworks {
  return {
    rowBytes: (base, height, width) => networks.base(base).rowBytes(height, width),
    reloadMs(base, controlNets, branches, beside) {
      let ms = networks.base(base).reloadMs(branches, beside);
      for (const network of controlNets) ms += networks.control(network).reloadMs();
      return ms;
    },
    async evaluate({ base, input, controls, branches }) {
      const denoiser = networks.base(base);
      const steering = await steer(controls, input, denoiser, networks);
      return await denoiser.denoise(input, steering, branches);
    },
  };
}
