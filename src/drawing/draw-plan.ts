import type { AttemptKey } from '../device/protocol.ts';
import type { JobTimings, Progress } from '../generation/job.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import type { ControlWork } from '../pipeline/controls/control-work.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { type ChosenPicture, choiceWarnings, choosePictures } from './choose-pictures.ts';
import { drawPasses, type PassesParts } from './draw-passes.ts';
import type { PlanModels } from './find-models.ts';
import { controlRemarks } from './make-controls.ts';
import type { MapParts } from './make-map.ts';
import { makeCanvas, type PlanCanvas } from './make-canvas.ts';
import { makePassWorks } from './pass-works.ts';

export interface DrawingParts extends MapParts, PassesParts {
  readonly tracing: Tracing;
}

export interface DrawnPlan {
  /** The controls of the plan, in its order, with what they were fed with in the last pass that each acts in. */
  readonly controls: readonly ControlWork[];
  /** `count` pictures, in the order of their seeds. */
  readonly pictures: readonly ChosenPicture[];
  /** One of them to what the job gives, which may be much larger: see {@link PlanCanvas}. */
  readonly finish: PlanCanvas['finish'];
  readonly warnings: readonly string[];
  readonly meanBatch: number;
  readonly timings: Pick<JobTimings, 'prepare' | 'draw' | 'evaluate'>;
}

/** Makes the maps of a plan, draws it, and compares what was drawn with the maps where that is asked for. */
export async function drawPlan(
  parts: DrawingParts,
  plan: GenerationPlan,
  models: PlanModels,
  attempt: AttemptKey,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void },
): Promise<DrawnPlan> {
  const startedAt = performance.now();
  const { tracing } = parts;
  const { frame, over, finish } = await makeCanvas(parts.store, plan, parts.decoder);
  const make = async () => await makePassWorks(parts, plan, models, frame, signal);
  const { passes, controls } = await tracing.span('make maps', {}, make);
  const preparedAt = performance.now();
  const drawing = await tracing.span('draw', { attributes: { 'armature.steps': plan.steps } }, async (span) => {
    const work = { plan, passes, preview: models.preview, over, attempt };
    const done = await drawPasses(parts, work, { signal, onProgress });
    span.set({ 'armature.mean_batch': done.meanBatch });
    return done;
  });
  const drawnAt = performance.now();
  const choose = async () => await choosePictures(parts.extractor, plan, controls, drawing.pictures, signal);
  const pictures = await (plan.evaluate ? tracing.span('evaluate', {}, choose) : choose());
  return {
    controls,
    pictures,
    finish,
    warnings: [...controlRemarks(controls), ...drawing.warnings, ...choiceWarnings(pictures)],
    meanBatch: drawing.meanBatch,
    timings: {
      prepare: Math.round(preparedAt - startedAt),
      draw: Math.round(drawnAt - preparedAt),
      ...(plan.evaluate ? { evaluate: Math.round(performance.now() - drawnAt) } : {}),
    },
  };
}
