import type { z } from 'zod';
import type { Catalog } from './catalog.ts';
import type { Lane } from './lanes.ts';
import type { Plan } from './plan.ts';
import type { PlannedControl } from './planned-control.ts';
import type { StoredPicture } from './plan-references.ts';
import type { StoredForm } from './stored-json.ts';

/**
 * A kind of job: all that accepting, keeping, showing and estimating its jobs have to know of it. A plan is looked into by its kind
 * alone: everybody else asks the kind (`kindOf` in kinds/kinds.ts). What draws its jobs is its runner (src/drawing/runner.ts).
 */
export interface JobKind<P extends Plan, Effective> {
  /** What its plans say they are; such as `generation`, also the first word of its webhooks' events. */
  readonly id: P['kind'];
  /** How its plan is kept, in versions of its own. */
  readonly stored: StoredForm<'plan', P>;
  /** Whether what its jobs took tells how fast pictures are drawn: estimates of time rest on such jobs. */
  readonly setsPace: boolean;
  /** Beside which other jobs its own wait and are done. */
  readonly lane: Lane;
  /** Every value of a plan as it was resolved, as clients see it. */
  readonly effective: z.ZodType<Effective>;
  // Methods, not functions in fields: a kind of one plan stands where one of any plan is wanted, and is asked about its own only.
  /** In pixel steps: width x height x evaluations of the network x pictures drawn. */
  cost(plan: P): number;
  /** Pictures that it ends with. */
  outputs(plan: P): number;
  /** Of each of them, in pixels; null where that is not known before it is made. */
  outputSize(plan: P): { readonly width: number; readonly height: number } | null;
  /** What its outputs are maps of; null where they are pictures. */
  outputsAreMapsOf(plan: P): MapOrigin | null;
  /** The controls that steer it: map `i` of its result is that of control `i`. */
  controls(plan: P): readonly PlannedControl[];
  /** The pictures that a request gave for it, as they are served again, by index; null for one that is no picture but data. */
  sources(plan: P): readonly (StoredPicture | null)[];
  /** The networks that its maps are made with. What is only measured with afterwards is none of them. */
  networks(plan: P, conditionOf: Catalog['condition']): readonly NeededNetwork[];
  /** Whether those who follow a job are shown its pictures on their way. */
  showsPreviews(plan: P): boolean;
  /** `mapUrl` says where the map of a control is; null until it exists. */
  view(plan: P, mapUrl: (control: number) => string | null): Effective;
}

/** The condition that a map is of, and what it was extracted with; null where that is not known. */
export interface MapOrigin {
  readonly condition: string;
  readonly options: Readonly<Record<string, unknown>> | null;
}

/** A network that a job needs to make its maps. */
export interface NeededNetwork {
  readonly id: string;
  /** Path of the options in the request that ask for it. */
  readonly field: string;
}
