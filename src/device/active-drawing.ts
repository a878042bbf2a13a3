import { ArmatureError } from '../errors.ts';
import type { LatentDecoder } from '../pipeline/networks/networks.ts';
import { pictureFrom } from '../pipeline/pixels.ts';
import { isBetweenSteps, type Sample, stateToKeep, stepOf } from '../pipeline/sample.ts';
import { decodeLatents, type LatentView } from './latent-view.ts';
import type { PreparedDrawing } from './prepare-drawing.ts';
import { PreviewPace } from './preview-pace.ts';
import type { DrawRequest, PassProgress, PictureLeft, StepsDone } from './protocol.ts';

/** One picture of an admitted pass. */
export interface ActivePicture {
  readonly sample: Sample;
  /** Null until it is decoded. */
  left: PictureLeft | null;
  /** When it was last shown on its way, in milliseconds of the loop's clock. */
  shownAt: number;
}

/** One admitted pass: its samples on their way and its pictures that are ready. */
export interface ActiveDrawing {
  readonly request: DrawRequest;
  readonly pictures: readonly ActivePicture[];
  /** What brings its latents to pictures. */
  readonly decoder: LatentDecoder;
  /** Null where no previews were asked for, or none can be made. */
  view: LatentView | null;
  readonly pace: PreviewPace;
  readonly warnings: readonly string[];
  /** Samples in each batched evaluation so far. */
  readonly batches: number[];
  checkpointedAt: number;
}

/** A pass whose samples are ready to take their first evaluation. */
export function beginDrawing(
  request: DrawRequest,
  { samples, decoder, view, warnings }: PreparedDrawing,
): ActiveDrawing {
  return {
    request,
    pictures: samples.map((sample) => ({ sample, left: null, shownAt: Number.NEGATIVE_INFINITY })),
    decoder,
    view,
    pace: new PreviewPace(),
    warnings,
    batches: [],
    checkpointedAt: performance.now(),
  };
}

export function samplesOf({ pictures }: ActiveDrawing): readonly Sample[] {
  return pictures.map(({ sample }) => sample);
}

export function stepsDone(drawing: ActiveDrawing): StepsDone {
  const steps = samplesOf(drawing).map(stepOf);
  return { step: Math.min(...steps), mean: steps.reduce((sum, step) => sum + step, 0) / steps.length };
}

/** What a pass goes on from after a checkpoint. */
export function progressOf(drawing: ActiveDrawing): PassProgress {
  const { pictures, warnings, batches } = drawing;
  const kept = pictures.map(({ sample, left }) => ({ pass: sample.pass, state: stateToKeep(sample), left }));
  return {
    step: Math.min(...kept.map(stepOf)),
    pictures: kept.map(({ state, left }) => (left === null ? { state } : { left })),
    warnings,
    batches,
  };
}

/** Pictures that have just taken a step and may be shown, those first that were shown longest ago. */
export function picturesToShow({ request, pictures }: ActiveDrawing, stepped: ReadonlySet<Sample>): ActivePicture[] {
  const { preview } = request;
  if (preview === null) return [];
  const due = pictures.filter(
    ({ sample }) => stepped.has(sample) && isBetweenSteps(sample) && stepOf(sample) % preview.every === 0,
  );
  return due.toSorted((a, b) => a.shownAt - b.shownAt);
}

/** What the pass leaves of a finished sample. `model_invalid` where that is not finite. */
export async function leave({ request, decoder }: ActiveDrawing, { pass, state }: Sample): Promise<PictureLeft> {
  if (!state.latents.every(Number.isFinite)) {
    throw new ArmatureError(
      'model_invalid',
      `Model "${request.base.id}" gave latents that are not finite numbers: its weights are damaged, or the guidance scale ${request.pass.guidanceScale} is too high for it.`,
    );
  }
  if (request.pass.leaves === 'latents') {
    return { latents: { shape: pass.shape, data: state.latents, noise: state.noise } };
  }
  return { image: pictureFrom(await decodeLatents(decoder, state.latents, pass.shape)) };
}
