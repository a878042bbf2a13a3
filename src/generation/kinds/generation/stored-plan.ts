import type { ResizeMode } from '../../../pixels/resize-mode.ts';
import type { ControlMode } from '../../request/choices.ts';
import type { GenerationPlan } from '../../plan.ts';
import type { ControlSource, PlannedControl } from '../../planned-control.ts';
import type { ModelReference, StoredPicture } from '../../plan-references.ts';
import { stepsRun } from '../../../schedulers/create-scheduler.ts';
import { partOf } from '../../passes.ts';
import { storedForm } from '../../stored-json.ts';

/**
 * How a plan is kept as JSON. Whoever changes its shape raises the version, and says how an older one is read. Until version 2 every plan
 * began with the noise of its own seeds alone, as one without `init` and `variation` does, until version 3 all of a picture was drawn over, and until
 * version 5 no plan had `loras`. Until version 6 prompts were plain text, and until version 8 no model was told anything beside them, as none but
 * those of SDXL is. Until version 9 nobody was shown the pictures of a plan on their way, as of one without `preview`, no model edited a picture,
 * plans had one pass, and all LoRAs were merged, as those are that do not say how they are applied. Until version 10 no picture's edges met, nothing
 * was drawn beyond the sides of one, no model took its guidance as an input, every control had a map, and guidance
 * acted at all steps. Until version 11 every ControlNet ran at all steps, and no
 * tokens were merged, and until version 12 all of a UNet was worked out at every step.
 */
export const storedGeneration = storedForm<'plan', GenerationPlan>('plan', {
  version: 12,
  upgrade(plan, version) {
    if (version >= 7) return plan;
    if (version === 6) return fromVersion6(plan);
    if (version >= 4) return fromVersion6(fromVersion5(plan));
    return fromVersion6(fromVersion5(fromVersion3(version === 0 ? fromVersion0(plan) : plan)));
  },
});

type GenerationVersion6 = Omit<GenerationPlan, 'schedule' | 'sChurn'>;

/** Until version 7 there were no schedules beside those that samplers' ids stand for, and no churn. */
function fromVersion6(stored: GenerationVersion6): GenerationPlan {
  return { ...stored, schedule: null, sChurn: 0 };
}

type GenerationVersion5 = Omit<GenerationVersion6, 'promptSyntax'>;

function fromVersion5(stored: GenerationVersion5): GenerationVersion6 {
  return { ...stored, promptSyntax: 'plain' };
}

type GenerationVersion3 = Omit<GenerationVersion5, 'run' | 'sdeNoise'>;

/**
 * Until version 4 every sampler asked the network once in each step that it made, an `eta` of 0 meant the sampler's own, and the noise of the SDE
 * samplers was drawn step by step.
 */
function fromVersion3(stored: GenerationVersion3): GenerationVersion5 {
  const { eta } = stored;
  const steps = stepsRun(stored.scheduler, partOf(stored));
  return { ...stored, eta: eta === 0 ? null : eta, run: { steps, evaluations: steps }, sdeNoise: 'drawn' };
}

/** Until plans had a version all that may be known of a control stood beside each other, in the end in a source as now. */
export type GenerationVersion0 = Omit<GenerationVersion3, 'controls'> & {
  readonly controls: readonly (FlatControl | PlannedControl)[];
};

/** Written out: what was stored then does not change with what a control is today. */
interface FlatControl {
  readonly type: string;
  readonly model: ModelReference;
  /** The photograph or map; where `structure` is set, the JSON that the map is drawn from. */
  readonly image: StoredPicture;
  readonly imageMask?: StoredPicture | undefined;
  readonly structure: string | null;
  readonly data: StoredPicture | null;
  readonly preprocess: Readonly<Record<string, unknown>> | false;
  readonly madeWith?: Readonly<Record<string, unknown>> | null;
  readonly resolution: number | null;
  readonly resize: ResizeMode;
  readonly region?: StoredPicture | undefined;
  readonly scale: number;
  readonly start: number;
  readonly end: number;
  readonly mode: ControlMode;
}

function fromVersion0(stored: GenerationVersion0): GenerationVersion3 {
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
