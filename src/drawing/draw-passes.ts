import type { DrawOptions } from '../device/device-process.ts';
import type {
  AttemptKey,
  AutoencoderWork,
  Drawing,
  DrawRequest,
  LoraWork,
  WordWork,
  PassProgress,
  PreviewWork,
  PassStart,
  PictureWork,
} from '../device/protocol.ts';
import { progressIn } from '../generation/cost.ts';
import type { Progress } from '../generation/job.ts';
import type { BaseModel } from '../generation/models/base.ts';
import type { UpscalerModel } from '../generation/models/upscaler.ts';
import { passesOf, type PlannedPass } from '../generation/passes.ts';
import { picturesOf, type PlannedPicture } from '../generation/pictures.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import type { ControlWork } from '../pipeline/controls/control-work.ts';
import type { Size } from '../numeric/size.ts';
import type { AlphaImage } from '../pixels/alpha-image.ts';
import type { RgbImage } from '../pixels/rgb-image.ts';
import type { CheckpointPort, PictureState } from './checkpoint-port.ts';
import { enlargedPattern } from './enlarged-pattern.ts';
import type { PreviewPort } from './preview-port.ts';
import { upscale, upscaleByNetwork, type UpscaleParts, type UpscalingDevice } from './upscale.ts';

/** What is asked of the device process: to draw one pass. */
export interface DrawingDevice {
  draw(request: DrawRequest, options: DrawOptions & { readonly signal: AbortSignal }): Promise<Drawing>;
}

export interface PassesParts extends UpscaleParts {
  readonly device: DrawingDevice & UpscalingDevice;
  readonly checkpoints: CheckpointPort;
  readonly previews: PreviewPort;
}

/** What one pass is drawn with. */
export interface PassWork {
  readonly base: BaseModel;
  readonly controls: readonly ControlWork[];
  readonly loras: readonly LoraWork[];
  /** The network that enlarges what it takes over; absent where none does. */
  readonly upscaler?: UpscalerModel | undefined;
  /** Learned words of its prompts; absent where there are none. */
  readonly words?: readonly WordWork[];
  readonly autoencoder: AutoencoderWork;
}

/** All that the passes of a plan are drawn from. */
export interface PassesWork {
  readonly plan: GenerationPlan;
  /** In the order of its passes. */
  readonly passes: readonly PassWork[];
  /** Null where no previews were asked for. */
  readonly preview: PreviewWork | null;
  /** What the first pass draws over; null where that begins with noise alone. */
  readonly over: PassStart | null;
  readonly attempt: AttemptKey;
}

export interface DrawnPasses {
  /** In the order of the plan. */
  readonly pictures: readonly DrawnPicture[];
  readonly warnings: readonly string[];
  /** Mean number of samples in the batched evaluations that it took part in. */
  readonly meanBatch: number;
}

export interface DrawnPicture extends PlannedPicture {
  readonly image: RgbImage;
}

/** A picture of the plan and how far it has come; null at the beginning. */
interface Underway {
  readonly planned: PlannedPicture;
  readonly state: PictureState | null;
}

/**
 * Draws the passes of a plan, one after the other, each for all pictures that have not been through it. Goes on from the
 * checkpoint of an earlier attempt, and keeps further ones.
 */
export async function drawPasses(
  { device, checkpoints, previews, extractor }: PassesParts,
  { plan, passes: works, preview, over, attempt }: PassesWork,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void },
): Promise<DrawnPasses> {
  const kept = await checkpoints.load();
  let pictures: readonly Underway[] = picturesOf(plan).map((planned, index) => ({
    planned,
    state: kept?.pictures[index] ?? null,
  }));
  const batches = [...(kept?.batches ?? [])];
  // A pass that goes on remarks again what it remarked before.
  const warnings = new Set(kept?.warnings);
  const passes = passesOf(plan);
  try {
    for (const [index, pass] of passes.entries()) {
      const open = pictures.filter((picture) => !isThrough(index, picture));
      if (open.length === 0) continue;
      const start = index === 0 ? over : null;
      const { upscaler, ...work } = workOf(works, index);
      const request = {
        ...attempt,
        pass,
        words: [],
        ...work,
        preview,
        over: start,
        checkpointEveryMs: checkpoints.everyMs,
      };
      const begun: PictureWork[] = [];
      for (const [place, picture] of open.entries()) {
        const report = ({ share }: Progress): void =>
          onProgress(progressIn(passes, index, 0, (place + share) / open.length));
        const parts = { extractor, device, upscaler, attempt };
        begun.push(await enlarged(parts, workOn(index, picture), pass, { signal, onProgress: report }));
      }
      const drawing = await device.draw(
        { ...request, pictures: begun },
        {
          signal,
          ...(preview === null ? {} : { watch: (listener) => previews.watch(listener) }),
          onPreview: ({ picture, step, image }) => {
            const { output, candidate } = (open[picture] as Underway).planned;
            const { step: done, steps } = progressIn(passes, index, step);
            previews.show({ output, candidate, step: done, steps, image });
          },
          onProgress: ({ step, mean }) => {
            const through = pictures.length - open.length;
            const done = (open.length * mean + through * pass.run.steps) / pictures.length;
            onProgress(progressIn(passes, index, step, 1, Math.floor(done)));
          },
          onCheckpoint: (progress) =>
            checkpoints.save({
              step: progressIn(passes, index, progress.step).step,
              pictures: statesOf(moved(pictures, open, index, progress.pictures)),
              warnings: [...new Set([...warnings, ...progress.warnings])],
              batches: [...batches, ...progress.batches],
            }),
        },
      );
      batches.push(...drawing.batches);
      for (const warning of drawing.warnings) warnings.add(warning);
      pictures = moved(
        pictures,
        open,
        index,
        drawing.pictures.map((left) => ({ left })),
      );
    }
  } finally {
    await checkpoints.saved();
  }
  return {
    pictures: pictures.map(({ planned, state }) => ({ ...planned, ...leftOf(state) })),
    warnings: [...warnings],
    meanBatch: batches.reduce((sum, size) => sum + size, 0) / batches.length,
  };
}

/** Whether a picture has nothing to do in pass `index` any more. */
function isThrough(index: number, { state }: Underway): boolean {
  return state !== null && (state.pass > index || (state.pass === index && 'left' in state));
}

function workOf(works: readonly PassWork[], index: number): PassWork {
  const work = works[index];
  if (work === undefined)
    throw new RangeError(`A plan of more than ${works.length} passes is drawn with those of fewer`);
  return work;
}

function workOn(index: number, { planned, state }: Underway): PictureWork {
  const { seed, variation } = planned;
  const resume = state?.pass === index && 'state' in state ? state.state : null;
  const from = state?.pass === index - 1 && 'left' in state ? state.left : null;
  return { seed, variation, from, resume };
}

/** What a picture is enlarged with between two passes. */
interface EnlargingParts extends Pick<PassesParts, 'extractor' | 'device'> {
  /** The network; undefined where a kernel does it. */
  readonly upscaler: UpscalerModel | undefined;
  readonly attempt: AttemptKey;
}

/** What an earlier pass left as a picture, at the size that the pass takes it at; latents are brought to it where they are drawn over. */
async function enlarged(
  parts: EnlargingParts,
  work: PictureWork,
  { takes, tiling }: Pick<PlannedPass, 'takes' | 'tiling'>,
  options: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void },
): Promise<PictureWork> {
  const { from } = work;
  if (from === null || takes === null || takes === 'goes on' || !('image' in from)) return work;
  const enlarge = async (picture: AlphaImage, to: Size): Promise<AlphaImage> =>
    parts.upscaler === undefined
      ? await upscale(parts, takes.upscaler, picture, to, options.signal)
      : await upscaleByNetwork(parts, parts.upscaler, picture, to, parts.attempt, options);
  const { width, height, data } = await enlargedPattern({ ...from.image, channels: 3 }, takes.to, tiling, enlarge);
  return { ...work, from: { image: { width, height, data } } };
}

/** The pictures after those of them that are `open` came to `progress` in pass `index`. */
function moved(
  pictures: readonly Underway[],
  open: readonly Underway[],
  index: number,
  progress: PassProgress['pictures'],
): readonly Underway[] {
  const states = new Map(open.map(({ planned }, place) => [planned, progress[place]]));
  return pictures.map((picture) => {
    const state = states.get(picture.planned);
    return state === undefined ? picture : { ...picture, state: { pass: index, ...state } };
  });
}

function statesOf(pictures: readonly Underway[]): readonly PictureState[] {
  return pictures.flatMap(({ state }) => (state === null ? [] : [state]));
}

function leftOf(state: PictureState | null): Pick<DrawnPicture, 'image'> {
  if (state === null || !('left' in state) || !('image' in state.left))
    throw new RangeError('A picture came out of its last pass without an image');
  return state.left;
}
