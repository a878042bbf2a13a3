import type { ControlNetModel } from '../../generation/models/controlnet.ts';
import { row, stack, type Tensor } from '../../numeric/tensor.ts';
import type { PictureNetworks, DenoiserInput, NetworkSource, SteeringSource } from '../networks/networks.ts';
import { controlWeights, whereActing } from './control-weights.ts';
import type { ControlWork } from './control-work.ts';
import { mapTensor } from './map-tensor.ts';
import { prepareUnion } from './union.ts';
import type { ResidualControl, RowControl } from './sample-control.ts';

/**
 * Makes controls ready to act by residuals of one ControlNet: each map goes through the hint encoder once a pass, not once a step.
 * Several are those of one run of a union.
 */
export async function prepareResiduals(
  works: readonly ControlWork<ControlNetModel>[],
  networks: SteeringSource,
  base: PictureNetworks,
): Promise<ResidualControl> {
  const [{ plan, model, inputs }] = works as readonly [ControlWork<ControlNetModel>];
  if (model.unionTypes !== null) return await prepareUnion(works, networks, base);
  const { key, networks: controlNet } = await networks.openControlNet(model, plan.type);
  const { data: hint } = await controlNet.encodeHint(mapTensor(inputs.map));
  const both = controlWeights(plan.mode, plan.scale, base.injectionPoints);
  return {
    acts: 'residuals',
    network: key,
    every: plan.every ?? 1,
    hint,
    start: plan.start,
    end: plan.end,
    weights: controlNet.pooled ? { ...both, others: null } : both,
    inputs,
  };
}

/** No residual: broadcasts over every row, channel and cell. */
export const nothing: Tensor = { dims: [1, 1, 1, 1], data: new Float32Array(1) };

/** One row of a ControlNet's batch: which row of the denoiser it serves, and for which control. */
interface ControlRow extends RowControl<ResidualControl> {
  readonly target: number;
}

/**
 * Runs every ControlNet that acts in this evaluation, once, over just those rows that use it, and sums the weighted residuals,
 * each where its control acts, a denoiser row (several ControlNets add up: Zhang et al. 2023, section 3.4). rows[r] are
 * the controls that act on row r of `input`. Returns one tensor an injection point, [rows, Cp, hp, wp], or [1, 1, 1, 1] where
 * nothing acts.
 */
export async function sumResiduals(
  rows: readonly (readonly RowControl<ResidualControl>[])[],
  input: DenoiserInput,
  { injectionPoints: points }: PictureNetworks,
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
    const controlNet = networks.control(network);
    const residuals = await controlNet.residuals(gather(input, targets), hint, scale, typesOf(controlRows));
    residuals.forEach((residual, point) => sums[point]?.add(whereActing(residual, controlRows), targets));
  }
  return sums.map((sum) => sum.tensor);
}

/** The types of the maps that each row's union is given; null of a ControlNet that is none. */
function typesOf(controlRows: readonly ControlRow[]): Tensor | null {
  const rows = controlRows.flatMap(({ control: { types } }) => (types === undefined ? [] : [types]));
  return rows.length === 0 ? null : stack(rows, [rows[0]?.length ?? 0]);
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

function rowsByNetwork(
  rows: readonly (readonly RowControl<ResidualControl>[])[],
): ReadonlyMap<string, readonly ControlRow[]> {
  const byNetwork = new Map<string, ControlRow[]>();
  rows.forEach((controls, target) => {
    for (const one of controls) {
      const { network } = one.control;
      const group = byNetwork.get(network) ?? [];
      group.push({ ...one, target });
      byNetwork.set(network, group);
    }
  });
  return byNetwork;
}

/** Those rows of a denoiser input, any of them several times; the input itself where they are all rows in order. */
export function gather(input: DenoiserInput, targets: readonly number[]): DenoiserInput {
  if (isEveryRow(targets, input.timestep.data.length)) return input;
  const pick = (source: Tensor): Tensor =>
    stack(
      targets.map((target) => row(source, target)),
      source.dims.slice(1),
    );
  return {
    sample: pick(input.sample),
    timestep: pick(input.timestep),
    conditioning: Object.fromEntries(Object.entries(input.conditioning).map(([name, rows]) => [name, pick(rows)])),
  };
}

function hints(controlRows: readonly ControlRow[], input: DenoiserInput): Tensor {
  const [height = 0, width = 0] = input.sample.dims.slice(2);
  const values = controlRows.map(({ control }) => control.hint);
  return stack(values, [(values[0]?.length ?? 0) / (height * width), height, width]);
}

function isEveryRow(targets: readonly number[], rows: number): boolean {
  return targets.length === rows && targets.every((target, index) => target === index);
}
