import type { Tensor } from '../../numeric/tensor.ts';
import type { PictureNetworks, ControlNetSource, DenoiserInput, NetworkSource } from '../networks/networks.ts';
import type { Acting, ControlWork } from './control-work.ts';
import { prepareResiduals, sumResiduals } from './residuals.ts';
import type { RowControl, SampleControl } from './sample-control.ts';

/** How a kind of control acts on the denoiser. */
export interface ControlKind {
  /** Makes a control ready: once a pass. */
  readonly prepare: (work: ControlWork, networks: ControlNetSource, base: PictureNetworks) => Promise<SampleControl>;
  /** Keys of the networks that run for a control in every evaluation that it acts in. */
  readonly networks: (control: SampleControl) => readonly string[];
  /** What its controls give the denoiser in one evaluation; rows[r] are those that act on row r of `input`. */
  readonly act: (
    rows: readonly (readonly RowControl[])[],
    input: DenoiserInput,
    base: PictureNetworks,
    networks: NetworkSource,
  ) => Promise<readonly Tensor[]>;
}

/** Inputs of the denoiser by the kind of control that they come from. */
export type Steering = Readonly<Record<Acting, readonly Tensor[]>>;

/**
 * A row each kind of control. What is computed once a pass (the features of a T2I-Adapter) or once a job (the image tokens of an
 * IP-Adapter) has its place in `prepare`, and its input of the denoiser in {@link Steering}.
 */
const controlKinds: Readonly<Record<Acting, ControlKind>> = {
  residuals: { prepare: prepareResiduals, networks: ({ network }) => [network], act: sumResiduals },
};

/** Makes a control ready to act in a pass. */
export async function prepareControl(
  work: ControlWork,
  networks: ControlNetSource,
  base: PictureNetworks,
): Promise<SampleControl> {
  return await controlKinds[work.acts].prepare(work, networks, base);
}

/** Keys of the networks that run for a control in every evaluation that it acts in. */
export function networksOf(control: SampleControl): readonly string[] {
  return controlKinds[control.acts].networks(control);
}

/** What all controls together give the denoiser in one evaluation; rows[r] are those that act on row r of `input`. */
export async function steer(
  rows: readonly (readonly RowControl[])[],
  input: DenoiserInput,
  base: PictureNetworks,
  networks: NetworkSource,
): Promise<Steering> {
  const actingBy = (acts: Acting): readonly (readonly RowControl[])[] =>
    rows.map((controls) => controls.filter(({ control }) => control.acts === acts));
  return { residuals: await controlKinds.residuals.act(actingBy('residuals'), input, base, networks) };
}
