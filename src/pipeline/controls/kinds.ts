import type { Tensor } from '../../numeric/tensor.ts';
import type { BaseNetworks, ControlNetSource, DenoiserInput, NetworkSource } from '../networks/networks.ts';
import type { ControlWork } from './control-work.ts';
import { prepareResiduals, sumResiduals } from './residuals.ts';
import type { RowControl, SampleControl } from './sample-control.ts';

/** How a kind of control acts on the denoiser. */
export interface ControlKind {
  /** Makes a control ready: once a pass. */
  readonly prepare: (work: ControlWork, networks: ControlNetSource, base: BaseNetworks) => Promise<SampleControl>;
  /** What its controls give the denoiser in one evaluation; rows[r] are those that act on row r of `input`. */
  readonly act: (
    rows: readonly (readonly RowControl[])[],
    input: DenoiserInput,
    base: BaseNetworks,
    networks: NetworkSource,
  ) => Promise<readonly Tensor[]>;
}

/** Inputs of the denoiser by the kind of control that they come from. */
export type Steering = Readonly<Record<SampleControl['acts'], readonly Tensor[]>>;

/**
 * A row each kind of control. What is computed once a pass (the features of a T2I-Adapter) or once a job (the image tokens of an
 * IP-Adapter) has its place in `prepare`, and its input of the denoiser in {@link Steering}.
 */
const controlKinds: Readonly<Record<SampleControl['acts'], ControlKind>> = {
  residuals: { prepare: prepareResiduals, act: sumResiduals },
};

/** How the models of a kind act. */
const actingOf: Readonly<Record<ControlWork['model']['kind'], SampleControl['acts']>> = { controlnet: 'residuals' };

/** Makes a control ready to act in a pass. */
export async function prepareControl(
  work: ControlWork,
  networks: ControlNetSource,
  base: BaseNetworks,
): Promise<SampleControl> {
  return await controlKinds[actingOf[work.model.kind]].prepare(work, networks, base);
}

/** What all controls together give the denoiser in one evaluation; rows[r] are those that act on row r of `input`. */
export async function steer(
  rows: readonly (readonly RowControl[])[],
  input: DenoiserInput,
  base: BaseNetworks,
  networks: NetworkSource,
): Promise<Steering> {
  const actingBy = (acts: SampleControl['acts']): readonly (readonly RowControl[])[] =>
    rows.map((controls) => controls.filter(({ control }) => control.acts === acts));
  return { residuals: await controlKinds.residuals.act(actingBy('residuals'), input, base, networks) };
}
