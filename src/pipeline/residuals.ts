import { row, stack, type Tensor } from '../numeric/tensor.ts';
import type { BatchRow } from './batched-step.ts';
import { actsAt } from './control-weights.ts';
import type { DenoiserInput, NetworkSource } from './networks.ts';
import { withinRegions } from './region.ts';
import type { SampleControl } from './sample.ts';

/** No residual: broadcasts over every row, channel and cell. */
const nothing: Tensor = { dims: [1, 1, 1, 1], data: new Float32Array(1) };

/** One row of a ControlNet's batch: which row of the denoiser it serves, and for which control. */
interface ControlRow {
  readonly target: number;
  readonly control: SampleControl;
  readonly weights: Float32Array;
}

/**
 * Runs every ControlNet that acts in this evaluation, once, over just those rows that use it, and sums the weighted residuals,
 * each within the region of its control, a denoiser row (several ControlNets add up: Zhang et al. 2023, section 3.4). Returns one tensor an injection point,
 * [rows, Cp, hp, wp], or [1, 1, 1, 1] where nothing acts.
 */
export async function sumResiduals(
  rows: readonly BatchRow[],
  input: DenoiserInput,
  points: number,
  networks: NetworkSource,
): Promise<readonly Tensor[]> {
  const sums = Array.from({ length: points }, () => new ResidualSum(rows.length));
  for (const [network, controlRows] of rowsByNetwork(rows)) {
    const targets = controlRows.map(({ target }) => target);
    const scale = stack(
      controlRows.map(({ weights }) => weights),
      [points],
    );
    const hint = hints(controlRows, input);
    const residuals = await networks.control(network).residuals(gather(input, targets), hint, scale);
    const regions = controlRows.map(({ control }) => control.region);
    residuals.forEach((residual, point) => sums[point]?.add(withinRegions(residual, regions), targets));
  }
  return sums.map((sum) => sum.tensor);
}

/** The sum of the residuals of one injection point, a row of the denoiser each. */
class ResidualSum {
  readonly #rows: number;
  #sum: Tensor = nothing;
  /** Whether #sum is a ControlNet's own output, which is not to be written to. */
  #borrowed = true;

  constructor(rows: number) {
    this.#rows = rows;
  }

  get tensor(): Tensor {
    return this.#sum;
  }

  /** Adds row i of `residual` to row targets[i]. */
  add(residual: Tensor, targets: readonly number[]): void {
    if (this.#sum === nothing && isEveryRow(targets, this.#rows)) {
      this.#sum = residual;
      return;
    }
    const size = residual.data.length / targets.length;
    const { data } = this.#own(residual, size);
    const added = residual.data;
    targets.forEach((target, index) => {
      const [from, to] = [index * size, target * size];
      for (let i = 0; i < size; i++) data[to + i]! += added[from + i]!;
    });
  }

  #own(like: Tensor, size: number): Tensor {
    if (this.#borrowed) {
      const data = this.#sum === nothing ? new Float32Array(this.#rows * size) : this.#sum.data.slice();
      this.#sum = { dims: [this.#rows, ...like.dims.slice(1)], data };
      this.#borrowed = false;
    }
    return this.#sum;
  }
}

function rowsByNetwork(rows: readonly BatchRow[]): ReadonlyMap<string, readonly ControlRow[]> {
  const byNetwork = new Map<string, ControlRow[]>();
  rows.forEach(({ sample, half }, target) => {
    for (const control of sample.controls) {
      const weights = control.weights[half];
      if (weights === null || !actsAt(control, sample.state.evaluation, sample.scheduler.evaluations.length)) continue;
      if (weights.every((weight) => weight === 0)) continue;
      const group = byNetwork.get(control.network) ?? [];
      group.push({ target, control, weights });
      byNetwork.set(control.network, group);
    }
  });
  return byNetwork;
}

/** The rows of a denoiser input that a ControlNet serves; the input itself where those are all rows in order. */
function gather(input: DenoiserInput, targets: readonly number[]): DenoiserInput {
  if (isEveryRow(targets, input.timestep.data.length)) return input;
  const pick = (source: Tensor): Tensor =>
    stack(
      targets.map((target) => row(source, target)),
      source.dims.slice(1),
    );
  return { sample: pick(input.sample), timestep: pick(input.timestep), context: pick(input.context) };
}

function hints(controlRows: readonly ControlRow[], input: DenoiserInput): Tensor {
  const [height = 0, width = 0] = input.sample.dims.slice(2);
  const values = controlRows.map(({ control }) => control.hint);
  return stack(values, [(values[0]?.length ?? 0) / (height * width), height, width]);
}

function isEveryRow(targets: readonly number[], rows: number): boolean {
  return targets.length === rows && targets.every((target, index) => target === index);
}
