import type { DrawOptions } from '../device/device-process.ts';
import type { AttemptKey, Drawing, DrawRequest } from '../device/protocol.ts';
import type { JobTimings, Progress } from '../generation/job.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import type { ControlWork } from '../pipeline/controls/control-work.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { type ChosenPicture, choiceWarnings, choosePictures } from './choose-pictures.ts';
import type { PlanModels } from './find-models.ts';
import { controlRemarks, makeControls } from './make-controls.ts';
import type { MapParts } from './make-map.ts';

/** What is asked of the device process. */
export interface DrawingDevice {
  draw(request: DrawRequest, options: DrawOptions & { readonly signal: AbortSignal }): Promise<Drawing>;
}

export interface DrawingParts extends MapParts {
  readonly device: DrawingDevice;
  readonly tracing: Tracing;
}

export interface DrawnPlan {
  /** The controls of the plan, in its order, with what they were fed with. */
  readonly controls: readonly ControlWork[];
  /** `count` pictures, in the order of their seeds. */
  readonly pictures: readonly ChosenPicture[];
  readonly warnings: readonly string[];
  readonly meanBatch: number;
  readonly timings: Pick<JobTimings, 'prepare' | 'draw' | 'evaluate'>;
}

/** Makes the maps of a plan, draws it, and compares what was drawn with the maps where that is asked for. */
export async function drawPlan(
  parts: DrawingParts,
  plan: GenerationPlan,
  { base, controls: found }: PlanModels,
  attempt: AttemptKey,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void },
): Promise<DrawnPlan> {
  const startedAt = performance.now();
  const { tracing } = parts;
  const make = async () => await makeControls(parts, found, plan, plan.strict, signal);
  const controls = await tracing.span('make maps', {}, make);
  const preparedAt = performance.now();
  // To the device each candidate is one more picture of the plan.
  const drawn = { ...plan, count: plan.count * plan.bestOf };
  const drawing = await tracing.span('draw', { attributes: { 'armature.steps': plan.steps } }, async (span) => {
    const done = await parts.device.draw({ ...attempt, plan: drawn, base, controls }, { signal, onProgress });
    span.set({ 'armature.mean_batch': done.meanBatch });
    return done;
  });
  const drawnAt = performance.now();
  const choose = async () => await choosePictures(parts.extractor, plan, controls, drawing.images, signal);
  const pictures = await (plan.evaluate ? tracing.span('evaluate', {}, choose) : choose());
  return {
    controls,
    pictures,
    warnings: [...controlRemarks(controls), ...drawing.warnings, ...choiceWarnings(pictures)],
    meanBatch: drawing.meanBatch,
    timings: {
      prepare: Math.round(preparedAt - startedAt),
      draw: Math.round(drawnAt - preparedAt),
      ...(plan.evaluate ? { evaluate: Math.round(performance.now() - drawnAt) } : {}),
    },
  };
}
