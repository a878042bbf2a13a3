import { row, stack, type Tensor } from '../numeric/tensor.ts';
import type { BatchRow } from './batched-step.ts';
import { actsAt } from './control-weights.ts';
import type { DenoiserInput, NetworkSource } from './networks.ts';
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
 * Runs every ControlNet that acts in this step, once, over just those rows that use it, and sums the weighted residuals
 * a denoiser row (several ControlNets add up: Zhang et al. 2023, section 3.4). Returns one tensor an injection point,
 * [rows, Cp, hp, wp], or [1, 1, 1, 1] where nothing acts.
 */
export async function sumResiduals(
  rows: readonly BatchRow[],
  input: DenoiserInput,
  points: number,
  networks: NetworkSource,
): Promise<readonly Tensor[]> {
  let sums: readonly Tensor[] = Array.from({ length: points }, () => nothing);
  for (const [network, controlRows] of rowsByNetwork(rows)) {
    const residuals = await networks.control(network).residuals(
      gather(
        input,
        controlRows.map(({ target }) => target),
      ),
      hints(controlRows, input),
      stack(
        controlRows.map(({ weights }) => weights),
        [points],
      ),
    );
    sums = sums.map((sum, point) => addRows(sum, residuals[point] ?? nothing, controlRows, rows.length));
  }
  return sums;
}

function rowsByNetwork(rows: readonly BatchRow[]): ReadonlyMap<string, readonly ControlRow[]> {
  const byNetwork = new Map<string, ControlRow[]>();
  rows.forEach(({ sample, half }, target) => {
    for (const control of sample.controls) {
      const weights = control.weights[half];
      if (weights === null || !actsAt(control, sample.step, sample.scheduler.timesteps.length)) continue;
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

function addRows(sum: Tensor, added: Tensor, controlRows: readonly ControlRow[], rows: number): Tensor {
  const targets = controlRows.map(({ target }) => target);
  if (sum === nothing && isEveryRow(targets, rows)) return added;
  const size = added.data.length / targets.length;
  const dims = [rows, ...added.dims.slice(1)];
  const data = sum === nothing ? new Float32Array(rows * size) : Float32Array.from(sum.data);
  targets.forEach((target, index) => {
    const from = index * size;
    const to = target * size;
    for (let i = 0; i < size; i++) data[to + i] = (data[to + i] ?? 0) + (added.data[from + i] ?? 0);
  });
  return { dims, data };
}

function isEveryRow(targets: readonly number[], rows: number): boolean {
  return targets.length === rows && targets.every((target, index) => target === index);
}
