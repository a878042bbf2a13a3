import type { SteeringModel } from '../../generation/models/steering.ts';
import type {
  DenoiserInput,
  NetworkSource,
  PictureNetworks,
  Steering,
  SteeringSource,
  TakenBeside,
} from '../networks/networks.ts';
import type { Acting, ControlWork } from './control-work.ts';
import { prepareFeatures, sumFeatures } from './features.ts';
import { imagesOf, prepareImageTokens } from './image-tokens.ts';
import { type KeptResiduals, residualsOf, type RowSteering } from './kept-residuals.ts';
import { prepareResiduals } from './residuals.ts';
import type { RowControl, SampleControl } from './sample-control.ts';

/** What all controls give the denoiser in one evaluation, and what of it is kept of each row for the next ones. */
interface Steered extends Steering {
  readonly kept: readonly (readonly KeptResiduals[])[];
}

/** How a kind of control acts on the denoiser. */
interface ControlKind<Model extends SteeringModel, Control extends SampleControl> {
  /** Makes controls ready that act as one, mostly one: once a pass. */
  readonly prepare: (
    works: readonly ControlWork<Model>[],
    networks: SteeringSource,
    base: PictureNetworks,
  ) => Promise<Control>;
  /** What is equal in works that act as one; null where it is by itself. */
  readonly together: (work: ControlWork<Model>) => string | null;
  /** Keys of the networks that run for a control in every evaluation that it acts in. */
  readonly networks: (control: Control) => readonly string[];
  /** What its controls give the denoiser in one evaluation; rows[r] is what acts on row r of `input`. */
  readonly act: (
    rows: readonly RowSteering<Control>[],
    input: DenoiserInput,
    base: PictureNetworks,
    networks: NetworkSource,
  ) => Promise<Partial<Steered>>;
}

function row<Model extends SteeringModel, Control extends SampleControl>(kind: ControlKind<Model, Control>) {
  return kind;
}

/**
 * A row each kind of control. What is computed once a pass (the features of a T2I-Adapter, the image tokens of an IP-Adapter) has its place
 * in `prepare`, and its input of the denoiser in {@link Steering}.
 */
const controlKinds = {
  residuals: row({
    prepare: prepareResiduals,
    together: ({ model }) => (model.unionTypes === null ? null : model.id),
    networks: ({ network }) => [network],
    act: residualsOf,
  }),
  features: row({
    prepare: prepareFeatures,
    together: () => null,
    networks: () => [],
    act: async (rows, _input, base) => await Promise.resolve({ features: sumFeatures(controlsOf(rows), base) }),
  }),
  imageTokens: row({
    prepare: prepareImageTokens,
    together: () => null,
    networks: () => [],
    act: async (rows) => await Promise.resolve({ imageTokens: imagesOf(controlsOf(rows)) }),
  }),
} as const satisfies Readonly<Record<Acting, unknown>>;

function controlsOf<Control extends SampleControl>(rows: readonly RowSteering<Control>[]) {
  return rows.map(({ controls }) => controls);
}

/** The row of a kind, which is given models and controls of its own kind alone. */
function kindOf(acts: Acting): ControlKind<SteeringModel, SampleControl> {
  return controlKinds[acts] as unknown as ControlKind<SteeringModel, SampleControl>;
}

/** The controls of a pass by those that act as one, in the order of the first of each. */
export function groupsOf(works: readonly ControlWork[]): readonly (readonly ControlWork[])[] {
  const groups = new Map<unknown, ControlWork[]>();
  for (const work of works) {
    const key = kindOf(work.acts).together(work) ?? work;
    groups.set(key, [...(groups.get(key) ?? []), work]);
  }
  return [...groups.values()];
}

/** Makes controls that act as one (see groupsOf) ready to act in a pass. */
export async function prepareControls(
  works: readonly ControlWork[],
  networks: SteeringSource,
  base: PictureNetworks,
): Promise<SampleControl> {
  return await kindOf((works[0] as ControlWork).acts).prepare(works, networks, base);
}

/** Keys of the networks that run for a control in every evaluation that it acts in. */
export function networksOf(control: SampleControl): readonly string[] {
  return kindOf(control.acts).networks(control);
}

/** What the denoiser takes for the controls that act on each of its rows. */
export function takenBeside(rows: readonly (readonly RowControl[])[]): TakenBeside {
  const counts = (acts: Acting): readonly number[] =>
    rows.map((controls) => controls.filter(({ control }) => control.acts === acts).length);
  return {
    features: counts('features').some((count) => count > 0),
    imagePrompts: Math.max(0, ...counts('imageTokens')),
  };
}

/** What all controls together give the denoiser in one evaluation; rows[r] is what acts on row r of `input`. */
export async function steer(
  rows: readonly RowSteering[],
  input: DenoiserInput,
  base: PictureNetworks,
  networks: NetworkSource,
): Promise<Steered> {
  const given: Partial<Steered>[] = [];
  // One after another: a step runs one network at a time.
  for (const acts of Object.keys(controlKinds)) {
    const own = rows.map(({ controls, kept }) => ({
      controls: controls.filter(({ control }) => control.acts === acts),
      kept,
    }));
    given.push(await kindOf(acts as Acting).act(own, input, base, networks));
  }
  return Object.assign({}, ...given) as Steered;
}
