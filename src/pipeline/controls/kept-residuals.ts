import { row, type Tensor } from '../../numeric/tensor.ts';
import type { DenoiserInput, NetworkSource, PictureNetworks } from '../networks/networks.ts';
import { gather, nothing, sumResiduals } from './residuals.ts';
import type { ResidualControl, RowControl, SampleControl } from './sample-control.ts';

/**
 * What controls that run at every n-th step gave a row when they last ran. The row is given that again until they run the next time. Numbers of its own,
 * so that nothing else of a batch is kept with them.
 */
export interface KeptResiduals {
  /** Steps from one at which they run to the next, above 1. */
  readonly every: number;
  /** Whose sum it is. */
  readonly controls: readonly SampleControl[];
  /** One an injection point, [1, C, h, w], or [1, 1, 1, 1] where nothing acts. */
  readonly residuals: readonly Tensor[];
}

/** What acts on a row in an evaluation. */
export interface RowSteering<Control extends SampleControl = SampleControl> {
  /** The controls that are worked out now. */
  readonly controls: readonly RowControl<Control>[];
  /** What those gave it before that are not. */
  readonly kept: readonly KeptResiduals[];
}

/**
 * What acts on a row at a step of its pass, of the controls whose windows are open. Those that run at every n-th step run at the steps 0, n, 2n ..., at all
 * evaluations of these, and whenever others of them are open than before: what they gave is one sum.
 */
export function steeringAt(step: number, open: readonly RowControl[], kept: readonly KeptResiduals[]): RowSteering {
  if (kept.length === 0) return { controls: open, kept };
  const again = kept.filter(({ every, controls }) => {
    const own = open.filter((one) => everyOf(one) === every);
    return (
      step % every !== 0 && own.length === controls.length && own.every(({ control }) => controls.includes(control))
    );
  });
  return { controls: open.filter((one) => again.every(({ every }) => every !== everyOf(one))), kept: again };
}

/** How many sums of residuals are kept of a row after such an evaluation. */
export function sumsKept({ controls, kept }: RowSteering): number {
  return kept.length + mostSums(controls);
}

/** How many are kept at a time, at most, of a row that such controls act on while their windows are open. */
export function mostSums(controls: readonly RowControl[]): number {
  return slotsOf(controls).filter(([first]) => everyOf(first) > 1).length;
}

/** Controls on a row that are summed by themselves. */
type Slot<Control extends SampleControl = SampleControl> = readonly RowControl<Control>[];

/** The controls of a row by how often they run; one of none where there is none. */
function slotsOf<Control extends SampleControl>(controls: readonly RowControl<Control>[]): readonly Slot<Control>[] {
  const intervals = [...new Set(controls.map(everyOf))];
  if (intervals.length <= 1) return [controls];
  return intervals.map((every) => controls.filter((one) => everyOf(one) === every));
}

function everyOf(one: RowControl | undefined): number {
  return one?.control.acts === 'residuals' ? one.control.every : 1;
}

/** The residuals that act on each row, as {@link sumResiduals} gives them, with what was kept, and what is to be kept of each. */
export async function residualsOf(
  rows: readonly RowSteering<ResidualControl>[],
  input: DenoiserInput,
  base: PictureNetworks,
  networks: NetworkSource,
): Promise<{ readonly residuals: readonly Tensor[]; readonly kept: readonly (readonly KeptResiduals[])[] }> {
  const slots = rows.flatMap(({ controls }, target) => slotsOf(controls).map((slot) => ({ target, slot })));
  const targets = slots.map(({ target }) => target);
  const sums = await sumResiduals(
    slots.map(({ slot }) => slot),
    gather(input, targets),
    base,
    networks,
  );
  const anew = slots.map(({ slot }, index) => keptOf(slot, sums, index));
  const kept = rows.map((own, target) => [
    ...own.kept,
    ...anew.flatMap((one, index) => (one === null || targets[index] !== target ? [] : [one])),
  ]);
  if (slots.length === rows.length && rows.every((own) => own.kept.length === 0)) return { residuals: sums, kept };
  const before = rows.map((own) => own.kept);
  return { residuals: sums.map((sum, point) => withKept(sum, targets, before, point)), kept };
}

function keptOf(slot: Slot, sums: readonly Tensor[], index: number): KeptResiduals | null {
  const every = everyOf(slot[0]);
  if (every === 1) return null;
  const residuals = sums.map((sum) =>
    sum === nothing ? nothing : { dims: [1, ...sum.dims.slice(1)], data: row(sum, index).slice() },
  );
  return { every, controls: slot.map(({ control }) => control), residuals };
}

/** Row i of `sum` added to row targets[i], and to each row what was kept of it. */
function withKept(
  sum: Tensor,
  targets: readonly number[],
  before: readonly (readonly KeptResiduals[])[],
  point: number,
): Tensor {
  const now = sum === nothing ? [] : targets.map((target, index) => ({ target, data: row(sum, index) }));
  const kept = before.flatMap((own, target) =>
    own.flatMap(({ residuals }) => {
      const residual = residuals[point] ?? nothing;
      return residual === nothing ? [] : [{ target, ...residual }];
    }),
  );
  const dims = now.length > 0 ? sum.dims : kept[0]?.dims;
  if (dims === undefined) return nothing;
  const size = (now[0] ?? kept[0])?.data.length ?? 0;
  const data = new Float32Array(before.length * size);
  for (const { target, data: added } of [...now, ...kept]) {
    const from = target * size;
    for (let i = 0; i < size; i++) data[from + i]! += added[i]!;
  }
  return { dims: [before.length, ...dims.slice(1)], data };
}
