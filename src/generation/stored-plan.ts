import type { ControlSource, Plan, PlannedControl, StoredPicture } from './plan.ts';

/** A plan as records hold it, written by this release or by an earlier one. */
export type StoredPlan = Plan | PlanWithFlatControls;

/** Until controls had a source, all that may be known of one stood beside each other. */
type PlanWithFlatControls = Omit<Extract<Plan, { kind: 'generation' }>, 'controls'> & {
  readonly controls: readonly (FlatControl | PlannedControl)[];
};

interface FlatControl extends Omit<PlannedControl, 'source'> {
  /** The photograph or map; where `structure` is set, the JSON that the map is drawn from. */
  readonly image: StoredPicture;
  readonly imageMask?: StoredPicture | undefined;
  readonly structure: string | null;
  readonly data: StoredPicture | null;
  readonly preprocess: Readonly<Record<string, unknown>> | false;
  readonly madeWith?: Readonly<Record<string, unknown>> | null;
  readonly resolution: number | null;
}

/** The plan that is meant by what records hold. */
export function readPlan(stored: StoredPlan): Plan {
  if (stored.kind === 'extraction') return stored;
  const controls = stored.controls.map((control) => ('source' in control ? control : withSource(control)));
  return { ...stored, controls };
}

function withSource({
  image,
  imageMask,
  structure,
  data,
  preprocess,
  madeWith = null,
  resolution,
  ...control
}: FlatControl): PlannedControl {
  const picture = imageMask === undefined ? { image } : { image, mask: imageMask };
  const sourceOf = (): ControlSource => {
    if (structure !== null) return { kind: 'structure', structure, json: image };
    if (preprocess === false) return { kind: 'map', ...picture, data, madeWith };
    return { kind: 'photo', ...picture, preprocess, resolution };
  };
  return { ...control, source: sourceOf() };
}
