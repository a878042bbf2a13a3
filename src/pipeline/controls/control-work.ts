import type { MaskedImage } from '../../pixels/rgb-image.ts';
import type { Region } from '../../pixels/region.ts';
import type { PlannedControl } from '../../generation/planned-control.ts';
import type { ImageEncoderModel } from '../../generation/models/image-encoder.ts';
import type { SteeringModel } from '../../generation/models/steering.ts';

/** How a control acts on the denoiser: a row of kinds.ts. Which one, the kind of its model says. */
export type Acting = 'residuals' | 'features' | 'imageTokens';

/**
 * All of one control on its way from the plan into the networks: nothing of a control is found by its place in a list. Plain
 * data, so that it can be handed to another process.
 */
export interface ControlWork<Model extends SteeringModel = SteeringModel> {
  /** Its place in the request, by which warnings and results name it. */
  readonly index: number;
  readonly plan: PlannedControl;
  readonly model: Model;
  readonly acts: Acting;
  /** What its pictures are seen with; absent of one that is given maps. */
  readonly encoder?: ImageEncoderModel | undefined;
  readonly inputs: ControlInputs;
}

/** A control before anything was made of its pictures. */
export type FoundControl = Omit<ControlWork, 'inputs'>;

/** The map of a control, and what is known of it. */
export interface MadeMap {
  /** What the control is fed with, exactly of the frame's size; of an image prompt its pictures as they are seen, one beside the other. */
  readonly map: MaskedImage;
  /** What is known of the map, such as keypoints; absent where nothing is. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  readonly remarks: readonly Remark[];
}

/** What is made of a control's pictures, once for each frame that it acts in. */
export interface ControlInputs extends MadeMap {
  /** Null where it acts everywhere. */
  readonly region: Region | null;
}

/**
 * What was made of the pictures of controls that act as one: the map of the first, where any of them acts. They have no regions but that of the picture that is
 * drawn on, so one that acts beyond it has all of them act there.
 */
export function inputsTogether(works: readonly ControlWork[]): ControlInputs {
  const [{ inputs }] = works as readonly [ControlWork];
  return works.some((work) => work.inputs.region === null) ? { ...inputs, region: null } : inputs;
}

/** A remark on a map. */
export interface Remark {
  readonly detail: string;
  /** The error that ends a strict job over it; null for a remark that never does. */
  readonly code: 'blank_map' | 'unlikely_map' | null;
}
